/** A form's draft: kept as one types, found again after the page was killed, and at last saved. */
import { onBeforeUnmount, type Ref, reactive, ref, watch } from 'vue';
import { currentGrid } from '../data/account';
import type { Draft } from '../data/drafts';
import type { Stored } from '../data/pouch';
import { work } from '../data/workspace';
import { SCHEMAS } from '../generated/schemas';

const PAUSE_MS = 250;

export interface DraftForm {
	/** The form's fields; change them freely. */
	values: Record<string, unknown>;
	draft: Draft;
	/** Whether anything was typed, now or before the page was opened anew. */
	typed: Ref<boolean>;
	/** Whether what is typed is on the disk. */
	kept: Ref<boolean>;
	/** Why it is not: message key of what the phone's storage said, or an empty text. */
	trouble: Ref<string>;
	/** Whether this draft was found again with something in it. */
	found: boolean;
	/** Save as a record, drop the draft, return the record's id. */
	save(): Promise<string>;
	/** Throw the draft away. */
	discard(): Promise<void>;
	/** Leave the form: what was typed stays as a draft, a form only looked at leaves none. */
	close(): Promise<void>;
}

/** Begin the draft of an edit of `before`, or of a new record (`before` null), or go on with the one
 * called `id`. Give it to `closeWithPage`. */
export async function openDraft(
	type: string,
	before: Stored | null,
	first: Record<string, unknown> = {},
	id?: string,
	finding?: Draft['finding'],
): Promise<DraftForm> {
	const space = work();
	const known = id ? space.drafts.all.get(id) : undefined;
	const grid = known?.grid ?? currentGrid.value;
	const draft =
		known ?? (await space.drafts.begin(grid, type, SCHEMAS[type] ?? 1, before, first, finding));
	const found = Object.keys(draft.values).length > 0 && draft.touched > draft.begun;
	const values = reactive<Record<string, unknown>>(JSON.parse(JSON.stringify(draft.values)));
	const kept = ref(true);
	const trouble = ref('');
	const typed = ref(found);
	let timer: ReturnType<typeof setTimeout> | undefined;
	let closed = false;

	async function keep(): Promise<void> {
		clearTimeout(timer);
		timer = undefined;
		if (closed || kept.value) return;
		try {
			await space.drafts.put({ ...draft, values, touched: Date.now() });
			kept.value = true;
			trouble.value = '';
		} catch (error) {
			trouble.value = storageFault(error, 'form.draftFull', 'form.draftNotKept');
		}
	}
	function soon(): void {
		kept.value = false;
		typed.value = true;
		clearTimeout(timer);
		timer = setTimeout(() => void keep(), PAUSE_MS);
	}
	const leave = (): void => void keep();

	const unwatch = watch(values, soon, { deep: true });
	document.addEventListener('visibilitychange', leave);
	addEventListener('pagehide', leave);

	function stop(): void {
		unwatch();
		document.removeEventListener('visibilitychange', leave);
		removeEventListener('pagehide', leave);
	}
	async function drop(): Promise<void> {
		closed = true;
		clearTimeout(timer);
		stop();
		await space.drafts.drop(draft.id);
	}
	return {
		values,
		draft,
		typed,
		kept,
		trouble,
		found,
		async save() {
			const plain = JSON.parse(JSON.stringify(values)) as Record<string, unknown>;
			if (draft.before) await space.edit(grid, draft.before, plain);
			else await space.create(grid, type, plain, draft.target, draft.schema);
			await drop();
			return draft.target;
		},
		discard: drop,
		async close() {
			if (closed) return;
			if (!known && !typed.value) return drop();
			await keep();
			stop();
		},
	};
}

/** Which of two messages tells why the phone's storage took nothing: no room left, or another cause. */
export function storageFault(error: unknown, full: string, other: string): string {
	return /quota/i.test(`${(error as Error | null)?.name} ${error}`) ? full : other;
}

/** Keep the draft when the page is left: call in the setup of the page that opens it. */
export function closeWithPage(form: Ref<DraftForm | null>): void {
	onBeforeUnmount(() => {
		void form.value?.close();
	});
}

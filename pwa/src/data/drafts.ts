/**
 * Drafts: what a worker has begun to write. Saved as he types, found again after the page was
 * killed. The draft's id stands in the address. A draft keeps the schema it was made with.
 */
import { shallowReactive } from 'vue';
import { ulid } from '../core/ulid';
import type { Stored } from './pouch';
import { erase, readAll, write } from './work-store';

export interface Draft {
	id: string;
	grid: string;
	type: string;
	schema: number;
	/** The record as the worker saw it when he began; `null` for a new one. */
	before: Stored | null;
	/** Id that a new record will have, so that saving twice makes one record. */
	target: string;
	values: Record<string, unknown>;
	begun: number;
	touched: number;
	/** A patrol's finding that becomes this event. */
	finding?: { patrol: string; key: string };
}

export class Drafts {
	readonly all = shallowReactive(new Map<string, Draft>());

	constructor(readonly account: string) {}

	async load(): Promise<void> {
		for (const draft of await readAll<Draft>(this.account, 'drafts')) {
			// A form that was opened and never typed in; a patrol has begun when it is opened.
			const looked = draft.touched === draft.begun && draft.type !== 'patrol';
			if (looked) await erase(this.account, 'drafts', draft.id);
			else this.all.set(draft.id, draft);
		}
	}

	/** Begin a draft; one that is open for the same record is continued. */
	async begin(
		grid: string,
		type: string,
		schema: number,
		before: Stored | null,
		values: Record<string, unknown> = {},
		finding?: Draft['finding'],
	): Promise<Draft> {
		const open = before && [...this.all.values()].find((draft) => draft.target === before._id);
		if (open) return open;
		const now = Date.now();
		const target = before?._id ?? `${type}:${ulid(now)}`;
		const draft: Draft = {
			...{ id: ulid(now), grid, type, schema, before, target, values },
			...{ begun: now, touched: now, finding },
		};
		await this.put(draft);
		return draft;
	}

	async put(draft: Draft): Promise<void> {
		// A plain copy: reactive objects cannot be stored.
		const plain = JSON.parse(JSON.stringify(draft)) as Draft;
		await write(this.account, 'drafts', plain);
		this.all.set(plain.id, plain);
	}

	async drop(id: string): Promise<void> {
		await erase(this.account, 'drafts', id);
		this.all.delete(id);
	}
}

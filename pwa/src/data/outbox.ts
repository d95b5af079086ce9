/**
 * The outbox: every record saved on this phone, until the server has said what became of it.
 *
 * An entry is written (strictly) before the record itself and holds the whole record, so that a
 * page killed at any moment loses nothing: `recover` writes again what is missing. An entry counts
 * as received only when the server itself has confirmed that very revision.
 */
import { shallowReactive } from 'vue';
import type { PouchDB, Stored } from './pouch';
import { erase, read, readAll, write } from './work-store';

export type OutboxState = 'waiting' | 'refused' | 'received';

export interface OutboxEntry {
	key: string;
	grid: string;
	id: string;
	/** Clock of the save: names this edit in the merge note. */
	at: string;
	/** Revision on this phone; `null` while it is being written. */
	rev: string | null;
	/** Revision that the worker saw when he began to edit. */
	base: string | null;
	state: OutboxState;
	/** When it was saved and when the server confirmed or refused it (ms since 1970). */
	saved: number;
	settled?: number;
	/** The record as saved; dropped when the server has it. */
	doc?: Stored;
	reason?: string;
	code?: string;
	field?: string;
	quarantine?: string;
	/** What a supervisor did with a refused edit. */
	outcome?: 'accepted' | 'closed';
	note?: string;
	/** The worker has read what became of a merge of this revision. */
	seenMerge?: string;
}

export interface Refusal {
	reason?: string;
	code?: string;
	field?: string;
	quarantine?: string;
}

export function outboxKey(grid: string, id: string): string {
	return `${grid}|${id}`;
}

export class Outbox {
	readonly entries = shallowReactive(new Map<string, OutboxEntry>());
	/** Told to other tabs. */
	onChange: (key: string) => void = () => {};

	constructor(readonly account: string) {}

	async load(): Promise<void> {
		for (const entry of await readAll<OutboxEntry>(this.account, 'outbox')) {
			this.entries.set(entry.key, entry);
		}
	}

	async reload(key: string): Promise<void> {
		const entry = await read<OutboxEntry>(this.account, 'outbox', key);
		if (entry) this.entries.set(key, entry);
		else this.entries.delete(key);
	}

	get(grid: string, id: string): OutboxEntry | undefined {
		return this.entries.get(outboxKey(grid, id));
	}

	/** Tell whether anything was ever saved in a grid on this phone. */
	knows(grid: string): boolean {
		return [...this.entries.values()].some((entry) => entry.grid === grid);
	}

	/** Entries that the server has not confirmed, of one grid or of all, oldest first. */
	waiting(grid?: string): OutboxEntry[] {
		return [...this.entries.values()]
			.filter((entry) => entry.state === 'waiting' && (grid === undefined || entry.grid === grid))
			.sort((a, b) => a.saved - b.saved);
	}

	/** Edits that the server gave back and no supervisor has settled yet. */
	refusals(grid?: string): OutboxEntry[] {
		return [...this.entries.values()].filter(
			(entry) =>
				entry.state === 'refused' && !entry.outcome && (grid === undefined || entry.grid === grid),
		);
	}

	/** Note an edit before it is written. */
	async begin(grid: string, doc: Stored, at: string): Promise<OutboxEntry> {
		const before = this.get(grid, doc._id);
		const unsent = before && before.state !== 'received';
		const entry: OutboxEntry = {
			key: outboxKey(grid, doc._id),
			grid,
			id: doc._id,
			at,
			rev: null,
			base: unsent ? before.base : (doc._rev ?? null),
			state: 'waiting',
			saved: Date.now(),
			doc,
		};
		await this.store(entry);
		return entry;
	}

	async written(entry: OutboxEntry, rev: string): Promise<void> {
		await this.amend(entry.key, entry.at, { rev });
	}

	/** The server has confirmed a revision. */
	async received(entry: OutboxEntry): Promise<void> {
		const done = { state: 'received' as const, settled: Date.now(), doc: undefined };
		await this.amend(entry.key, entry.at, done);
	}

	/** The server has refused a revision and kept it. A later edit of the record stays waiting. */
	async refused(grid: string, id: string, rev: string | undefined, why: Refusal): Promise<void> {
		const entry = this.get(grid, id);
		if (!entry || (rev && entry.rev !== rev)) return;
		const { reason, code, field, quarantine } = why;
		const settled = Date.now();
		const patch = { state: 'refused' as const, settled, reason, code, field, quarantine };
		await this.amend(entry.key, entry.at, patch);
	}

	/** Try a refused edit once more. */
	async retry(entry: OutboxEntry): Promise<void> {
		await this.amend(entry.key, entry.at, { state: 'waiting', outcome: undefined });
	}

	async settledByPerson(
		entry: OutboxEntry,
		outcome: 'accepted' | 'closed',
		note?: string,
	): Promise<void> {
		await this.amend(entry.key, entry.at, { outcome, note });
	}

	async sawMerge(entry: OutboxEntry, merge: string): Promise<void> {
		await this.amend(entry.key, entry.at, { seenMerge: merge });
	}

	async forget(key: string): Promise<void> {
		await erase(this.account, 'outbox', key);
		this.entries.delete(key);
		this.onChange(key);
	}

	/** Change an entry, unless a newer edit of the same record has taken its place. */
	private async amend(key: string, at: string, patch: Partial<OutboxEntry>): Promise<void> {
		const now = this.entries.get(key);
		if (!now || now.at !== at) return;
		await this.store({ ...now, ...patch });
	}

	private async store(entry: OutboxEntry): Promise<void> {
		await write(this.account, 'outbox', entry);
		this.entries.set(entry.key, entry);
		this.onChange(entry.key);
	}
}

/** Write a record as a child of the revision it was edited from, also when that is no leaf any
 * more (somebody else's edit has arrived since): then both stand side by side until merged. */
export async function putRecord(db: PouchDB, doc: Stored): Promise<string> {
	try {
		return (await db.put(doc)).rev;
	} catch (error) {
		const conflict = (error as { status?: number }).status === 409;
		if (!conflict || !doc._rev) throw error;
		// PouchDB writes the new revision into the document it is given.
		return (await db.put({ ...doc }, { force: true })).rev;
	}
}

/** Write again what the outbox holds and the record store lacks: the page was killed in between. */
export async function recover(outbox: Outbox, grid: string, db: PouchDB): Promise<void> {
	for (const entry of outbox.waiting(grid)) {
		if (!entry.doc) continue;
		const rev = await revisionOf(db, entry);
		if (!rev) await outbox.written(entry, await putRecord(db, entry.doc));
		else if (rev !== entry.rev) await outbox.written(entry, rev);
	}
}

async function revisionOf(db: PouchDB, entry: OutboxEntry): Promise<string | null> {
	try {
		if (entry.rev) return (await db.get(entry.id, { rev: entry.rev }))._rev ?? null;
		const leaves = (await db.get(entry.id, { open_revs: 'all' })) as unknown as { ok?: Stored }[];
		const own = leaves.find(({ ok }) => (ok?.updated as { at?: string })?.at === entry.at);
		return own?.ok?._rev ?? null;
	} catch (error) {
		if ((error as { status?: number }).status === 404) return null;
		throw error;
	}
}

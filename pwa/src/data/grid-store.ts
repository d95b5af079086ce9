/** One grid's records in memory, kept in step with its database on this phone. */
import { type ShallowRef, shallowRef } from 'vue';
import { type Outbox, type OutboxEntry, recover } from './outbox';
import { type Change, openLocal, type PouchDB, type Stored } from './pouch';
import { upcast } from './upcast';

const GATHER_MS = 40;

export class GridStore {
	readonly db: PouchDB;
	/** Records by id. A new map is set when something changed, so that views follow. */
	readonly records: ShallowRef<ReadonlyMap<string, Stored>> = shallowRef(new Map());
	readonly loaded = shallowRef(false);
	private next = new Map<string, Stored>();
	private timer: ReturnType<typeof setTimeout> | undefined;
	private feed: { cancel(): void } | null = null;
	private opening: Promise<void> | null = null;

	constructor(
		readonly account: string,
		readonly database: string,
		private readonly outbox: Outbox,
	) {
		this.db = openLocal(account, database);
	}

	get grid(): string {
		return this.database.replace(/^grid-/, '');
	}

	/** Read all records once, then follow the database. */
	open(): Promise<void> {
		this.opening ??= this.read();
		return this.opening;
	}

	private async read(): Promise<void> {
		if (this.database.startsWith('grid-')) await recover(this.outbox, this.grid, this.db);
		const { update_seq: since } = await this.db.info();
		const { rows } = await this.db.allDocs({ include_docs: true, conflicts: true });
		for (const { doc } of rows) if (doc) await this.take(doc._id, doc);
		this.publish();
		this.loaded.value = true;
		this.feed = this.db
			.changes({ since, live: true, include_docs: true, conflicts: true })
			.on('change', ((change: Change) => {
				void this.take(change.id, change.deleted ? undefined : change.doc).then(() => this.soon());
			}) as (value: never) => void);
	}

	/** Look at a record again, for instance because a supervisor settled its refusal. */
	async refresh(id: string): Promise<void> {
		const doc = await this.db.get(id, { conflicts: true }).catch(() => undefined);
		await this.take(id, doc);
		this.soon();
	}

	async close(): Promise<void> {
		this.feed?.cancel();
		await this.db.close();
	}

	async destroy(): Promise<void> {
		this.feed?.cancel();
		await this.db.destroy();
	}

	private async take(id: string, winner: Stored | undefined): Promise<void> {
		const entry = this.outbox.get(this.grid, id);
		const shown = entry && winner ? await this.ownView(winner, entry) : winner;
		if (shown) this.next.set(id, upcast(shown));
		else this.next.delete(id);
	}

	/**
	 * What the worker should see of a record he edited: his own words until the merge arrives, even
	 * when another leaf is the winner meanwhile; and not his words any more once a supervisor has
	 * closed the refused edit.
	 */
	private async ownView(winner: Stored, entry: OutboxEntry): Promise<Stored | undefined> {
		const leaves = [winner._rev, ...(winner._conflicts ?? [])];
		const isLeaf = entry.rev !== null && leaves.includes(entry.rev);
		if (!isLeaf) return winner;
		if (entry.outcome === 'closed') {
			const other = leaves.find((rev) => rev !== entry.rev) ?? entry.base;
			return other ? this.body(entry.id, other) : undefined;
		}
		return entry.rev === winner._rev ? winner : ((await this.body(entry.id, entry.rev)) ?? winner);
	}

	private body(id: string, rev: string | null): Promise<Stored | undefined> {
		return rev ? this.db.get(id, { rev }).catch(() => undefined) : Promise.resolve(undefined);
	}

	private soon(): void {
		this.timer ??= setTimeout(() => this.publish(), GATHER_MS);
	}

	private publish(): void {
		clearTimeout(this.timer);
		this.timer = undefined;
		this.records.value = new Map(this.next);
	}
}

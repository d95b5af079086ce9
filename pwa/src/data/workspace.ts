/** Everything open for the signed-in account: outbox, drafts, one store per grid, bulletins. */
import { shallowRef } from 'vue';
import { deviceId, withClock } from '../core/device';
import { ulid } from '../core/ulid';
import { SCHEMAS } from '../generated/schemas';
import { account as currentAccount } from './account';
import { Drafts } from './drafts';
import { GridStore } from './grid-store';
import { Outbox, putRecord } from './outbox';
import { localName, PouchDB, type Stored } from './pouch';
import { createRecord, editRecord, type Trace } from './stamps';
import { destroyWork } from './work-store';

export class Workspace {
	readonly outbox: Outbox;
	readonly drafts: Drafts;
	private readonly stores = new Map<string, GridStore>();
	/** Called after each save, so that it goes up soon. */
	onSave: (grid: string) => void = () => {};

	constructor(readonly account: string) {
		this.outbox = new Outbox(account);
		this.drafts = new Drafts(account);
	}

	async open(): Promise<void> {
		await Promise.all([this.outbox.load(), this.drafts.load()]);
	}

	/** Tell whether a grid's records are open. */
	has(code: string): boolean {
		return this.stores.has(`grid-${code}`);
	}

	/** Return the grids' stores that are open. */
	openGrids(): GridStore[] {
		return [...this.stores.values()].filter(({ database }) => database.startsWith('grid-'));
	}

	grid(code: string): GridStore {
		return this.store(`grid-${code}`);
	}

	bulletin(code: string): GridStore {
		return this.store(`bulletin-${code}`);
	}

	private store(database: string): GridStore {
		let store = this.stores.get(database);
		if (!store) {
			store = new GridStore(this.account, database, this.outbox);
			this.stores.set(database, store);
			void store.open();
		}
		return store;
	}

	/** Save a new record; return its id. The same id again makes no second record. */
	async create(
		grid: string,
		type: string,
		values: Record<string, unknown>,
		id = `${type}:${ulid()}`,
		schema = SCHEMAS[type] ?? 1,
	): Promise<string> {
		const at = withClock((clock, ms) => clock.now(ms));
		const doc = createRecord(id, { type, schema, grid }, values, this.trace(at));
		await this.put(grid, doc, at);
		return id;
	}

	/** Save changes made to `before`; return whether there were any. */
	async edit(grid: string, before: Stored, values: Record<string, unknown>): Promise<boolean> {
		const [doc, at] = withClock((clock, ms) => {
			const now = clock.now(ms);
			const over = (stamp: string | undefined) =>
				stamp && stamp >= now ? clock.overwrite(stamp, ms) : now;
			return [editRecord(before, values, this.trace(now), over), now] as const;
		});
		if (!doc) return false;
		delete doc._conflicts;
		await this.put(grid, doc, at);
		return true;
	}

	private async put(grid: string, doc: Stored, at: string): Promise<void> {
		const store = this.grid(grid);
		const entry = await this.outbox.begin(grid, doc, at);
		await this.outbox.written(entry, await putRecord(store.db, { ...doc }));
		await store.refresh(doc._id);
		this.onSave(grid);
	}

	private trace(at: string): Trace {
		return { at, by: this.account, device: deviceId() };
	}

	/** Destroy a grid's records on this phone; its unsent edits must have receipts. */
	async dropGrid(code: string): Promise<void> {
		const database = `grid-${code}`;
		const store = this.stores.get(database);
		this.stores.delete(database);
		if (store) await store.destroy();
		else await new PouchDB(localName(this.account, database), { adapter: 'idb' }).destroy();
		for (const entry of [...this.outbox.entries.values()]) {
			if (entry.grid === code && entry.state === 'received') await this.outbox.forget(entry.key);
		}
	}

	/** Destroy everything of this account on this phone, after its sign-out. */
	async destroy(): Promise<void> {
		for (const code of currentAccount.value?.grids.map((grid) => grid.code) ?? []) {
			await this.dropGrid(code);
		}
		for (const store of this.stores.values()) await store.destroy();
		this.stores.clear();
		await destroyWork(this.account);
	}
}

/** The open workspace; `null` before the first sign-in. */
export const workspace = shallowRef<Workspace | null>(null);

export async function openWorkspace(account: string): Promise<Workspace> {
	if (workspace.value?.account === account) return workspace.value;
	const opened = new Workspace(account);
	await opened.open();
	workspace.value = opened;
	return opened;
}

/** The open workspace, where there must be one (all pages behind the sign-in). */
export function work(): Workspace {
	if (!workspace.value) throw new Error('not signed in');
	return workspace.value;
}

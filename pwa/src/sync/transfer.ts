/** One database up and down: stock one-shot PouchDB replication, and receipts for what went up. */
import http from 'pouchdb-adapter-http';
import type { Feed, ReplicationResult } from 'pouchdb-core';
import replication from 'pouchdb-replication';
import type { GridStore } from '../data/grid-store';
import type { Outbox } from '../data/outbox';
import { type DeniedRow, PouchDB } from '../data/pouch';
import type { Run } from './http';
import { askJson } from './http';
import type { Progress } from './status';
import { troubleOf } from './trouble';

PouchDB.plugin(http).plugin(replication);

const BATCH = 50;

export function remote(run: Run, path: string): PouchDB {
	const url = `${location.origin}/sync/${path}`;
	return new PouchDB(url, { adapter: 'http', skip_setup: true, fetch: run.fetch });
}

/** Wait for a replication; the run's watchdog cancels it. */
async function finish(run: Run, feed: Feed<ReplicationResult>): Promise<ReplicationResult> {
	run.onAbort = () => feed.cancel();
	try {
		const result = await feed;
		if (run.trouble) throw run.trouble;
		return result;
	} catch (error) {
		// A replication that failed goes on with batches in hand, past those it dropped, and would
		// move the checkpoint over them: what they held would never be fetched again.
		feed.cancel();
		throw run.trouble ?? troubleOf(error);
	} finally {
		run.onAbort = () => {};
	}
}

/** Send what this phone has and the server lacks. `again`: leave checkpoints aside. */
export async function push(
	run: Run,
	store: GridStore,
	outbox: Outbox,
	options: { doc_ids?: string[]; again?: boolean } = {},
): Promise<void> {
	const { doc_ids, again } = options;
	const denied: Promise<void>[] = [];
	const refuse = (row: DeniedRow) => {
		denied.push(outbox.refused(store.grid, row.id, row.rev, row));
	};
	const plain = again || doc_ids ? { checkpoint: false, since: 0 } : {};
	const settings = { batch_size: BATCH, ...plain, ...(doc_ids ? { doc_ids } : {}) };
	const feed = PouchDB.replicate(store.db, remote(run, store.grid), settings);
	feed.on('denied', refuse as (value: never) => void);
	feed.on('change', (() => run.progress()) as (value: never) => void);
	try {
		await finish(run, feed);
	} finally {
		await Promise.all(denied);
	}
}

/**
 * Ask the server which of the waiting revisions it has, and mark those as received. What it has not
 * is sent once more by itself; only the server's own word makes a receipt. Returns how many.
 */
export async function confirm(run: Run, store: GridStore, outbox: Outbox): Promise<number> {
	let confirmed = 0;
	for (const last of [false, true]) {
		const asked = outbox.waiting(store.grid).filter((entry) => entry.rev !== null);
		if (!asked.length) return confirmed;
		const question = Object.fromEntries(asked.map((entry) => [entry.id, [entry.rev as string]]));
		const missing = await remote(run, store.grid)
			.revsDiff(question)
			.catch((error: unknown) => {
				throw run.trouble ?? troubleOf(error);
			});
		for (const entry of asked) {
			if (missing[entry.id]?.missing.includes(entry.rev as string)) continue;
			await outbox.received(entry);
			confirmed += 1;
		}
		const unknown = asked.filter((entry) => missing[entry.id]).map((entry) => entry.id);
		if (!unknown.length || last) return confirmed;
		await push(run, store, outbox, { doc_ids: unknown });
	}
	return confirmed;
}

/** Fetch what the server has and this phone lacks. */
export async function pull(
	run: Run,
	store: GridStore,
	path: string,
	options: { again?: boolean; onProgress?: (progress: Progress) => void } = {},
): Promise<number> {
	const plain = options.again ? { checkpoint: false, since: 0 } : {};
	const settings = { batch_size: BATCH, ...plain };
	const feed = PouchDB.replicate(remote(run, path), store.db, settings);
	feed.on('change', ((info: ReplicationResult) => {
		run.progress();
		options.onProgress?.({ done: info.docs_read, pending: info.pending ?? null });
	}) as (value: never) => void);
	return (await finish(run, feed)).docs_written;
}

interface RefusalItem {
	id: string;
	rev: string;
	status: 'open' | 'accepted' | 'closed';
	closed: { at: string; note: string | null } | null;
}

/** Learn what supervisors did with edits of a grid that were refused; returns whose records. */
export async function learnOutcomes(
	run: Run,
	grid: string,
	outbox: Outbox,
	device: string,
): Promise<string[]> {
	const open = outbox.refusals(grid);
	if (!open.length) return [];
	const settled: string[] = [];
	const url = `/api/v1/grids/${grid}/refusals?device=${device}`;
	const { items } = await askJson<{ items: RefusalItem[] }>(run, url);
	for (const entry of open) {
		const item = items.find(({ id, rev }) => id === entry.id && rev === entry.rev);
		if (!item || item.status === 'open') continue;
		await outbox.settledByPerson(entry, item.status, item.closed?.note ?? undefined);
		settled.push(entry.id);
	}
	return settled;
}

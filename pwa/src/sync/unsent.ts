/** What this phone has and the server lacks, as documents with their ancestors. */
import type { GridStore } from '../data/grid-store';
import type { Outbox } from '../data/outbox';
import type { PouchDB, Stored } from '../data/pouch';
import { askJson, type Run } from './http';
import type { Position } from './position';

export interface Revision {
	id: string;
	rev: string;
}

/** Name a revision within its database. */
export function revisionKey({ id, rev }: Revision): string {
	return `${id} ${rev}`;
}

interface Leaf {
	ok?: Stored & { _rev: string };
}

/** Return the revisions of one grid to send, oldest edit first. */
export async function unsent(
	store: GridStore,
	outbox: Outbox,
	device: string,
	owed: Position['owed'],
): Promise<Revision[]> {
	const found = new Map<string, Revision>();
	const add = (one: Revision) => found.set(revisionKey(one), one);
	for (const { id, rev } of outbox.waiting(store.grid)) {
		if (rev === null) continue;
		for (const other of await ownLeaves(store.db, id, device)) add({ id, rev: other });
		add({ id, rev });
	}
	for (const one of owed) add(one);
	return [...found.values()];
}

/** Return the leaves of a record that were written on this phone: of two tabs that edited the same
 * record, the outbox knows the later edit only. */
async function ownLeaves(db: PouchDB, id: string, device: string): Promise<string[]> {
	const leaves = await db.get(id, { open_revs: 'all' }).catch(() => []);
	return (leaves as unknown as Leaf[]).flatMap(({ ok }) => {
		const by = (ok?.updated as { device?: string } | undefined)?.device;
		return ok && !ok._deleted && by === device ? [ok._rev] : [];
	});
}

/** Return a revision as it travels, or nothing when this phone does not have it (any more). */
export async function travelling(db: PouchDB, { id, rev }: Revision): Promise<Stored | null> {
	try {
		return await db.get(id, { rev, revs: true });
	} catch (error) {
		if ((error as { status?: number }).status === 404) return null;
		throw error;
	}
}

const AT_ONCE = 500;

/** Ask a server that was restored from a backup which of all revisions here it lacks. */
export async function lacking(run: Run, store: GridStore): Promise<Revision[]> {
	const { results } = await store.db.changes({ since: 0, style: 'all_docs' });
	const missing: Revision[] = [];
	for (let at = 0; at < results.length; at += AT_ONCE) {
		const asked = results.slice(at, at + AT_ONCE);
		const revs = asked.map(({ id, changes }) => [id, changes.map(({ rev }) => rev)]);
		const answer = await askJson<Record<string, { missing: string[] }>>(
			run,
			`/sync/${store.grid}/_revs_diff`,
			{
				method: 'POST',
				headers: { 'content-type': 'application/json', accept: 'application/json' },
				body: JSON.stringify(Object.fromEntries(revs)),
			},
		);
		for (const [id, one] of Object.entries(answer)) {
			for (const rev of one.missing) missing.push({ id, rev });
		}
	}
	return missing;
}

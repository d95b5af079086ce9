/** Where this phone stands in a database. Kept in that database, and written after the documents it
 * speaks of: a kill in between repeats them, and a database that is destroyed takes it along. */
import type { PouchDB } from '../data/pouch';

export interface Position {
	/** The server's word for it, opaque; `null` is the beginning. */
	since: string | null;
	/** The server's epoch in which `since` was given: a server restored from a backup has another. */
	epoch: string;
	/** The first sync is not through yet; `done` documents of it have come. */
	first: boolean;
	done: number;
	/** Revisions that a restored server lacks and that go up again. */
	owed: { id: string; rev: string }[];
}

const ID = '_local/exchange';

async function stored(db: PouchDB): Promise<(Position & { _rev?: string }) | null> {
	try {
		return (await db.get(ID)) as unknown as Position & { _rev?: string };
	} catch (error) {
		if ((error as { status?: number }).status === 404) return null;
		throw error;
	}
}

/** Return the position, or the beginning. */
export async function readPosition(db: PouchDB, epoch: string): Promise<Position> {
	const { since, epoch: of, first, done, owed } = (await stored(db)) ?? beginning(epoch);
	return { since, epoch: of, first, done, owed };
}

export function beginning(epoch: string, owed: Position['owed'] = []): Position {
	return { since: null, epoch, first: true, done: 0, owed };
}

export async function writePosition(db: PouchDB, position: Position): Promise<void> {
	const _rev = (await stored(db))?._rev;
	await db.put({ ...position, _id: ID, ...(_rev ? { _rev } : {}) });
}

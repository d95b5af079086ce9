/** PouchDB with the parts we use, and how its databases on this phone are named. */

import idb from 'pouchdb-adapter-idb';
import PouchDB from 'pouchdb-core';

PouchDB.plugin(idb);

export type { Change, DeniedRow, Stored } from 'pouchdb-core';
export { PouchDB };

/** One store per account: two workers on one phone never see each other's records. */
export function localName(account: string, database: string): string {
	return `wangge-${account}-${database}`;
}

export function openLocal(account: string, database: string): PouchDB {
	return new PouchDB(localName(account, database), { adapter: 'idb', revs_limit: 200 });
}

/** The account's own store on this phone, apart from the synced records: outbox, drafts, marks. */
import { deleteDatabase, openDatabase, transact } from '../core/idb';

type StoreName = 'outbox' | 'drafts' | 'marks';
let opened: { name: string; db: Promise<IDBDatabase> } | null = null;

function databaseName(account: string): string {
	return `wangge-${account}-work`;
}

function database(account: string): Promise<IDBDatabase> {
	const name = databaseName(account);
	if (opened?.name !== name) {
		const db = openDatabase(name, 1, (target) => {
			target.createObjectStore('outbox', { keyPath: 'key' });
			target.createObjectStore('drafts', { keyPath: 'id' });
			target.createObjectStore('marks', { keyPath: 'key' });
		});
		opened = { name, db };
		const forget = () => {
			if (opened?.db === db) opened = null;
		};
		// iOS drops connections in the background: the next use opens a new one.
		db.then((target) => target.addEventListener('close', forget), forget);
	}
	return opened.db;
}

async function withRetry<T>(account: string, use: (db: IDBDatabase) => Promise<T>): Promise<T> {
	try {
		return await use(await database(account));
	} catch (error) {
		if (!(error instanceof DOMException) || error.name !== 'InvalidStateError') throw error;
		opened = null; // The connection was closed under us.
		return use(await database(account));
	}
}

export function readAll<T>(account: string, store: StoreName): Promise<T[]> {
	return withRetry(account, (db) => transact(db, store, 'readonly', (s) => s.getAll()));
}

export function read<T>(account: string, store: StoreName, key: string): Promise<T | undefined> {
	return withRetry(account, (db) => transact(db, store, 'readonly', (s) => s.get(key)));
}

export async function write(account: string, store: StoreName, value: object): Promise<void> {
	await withRetry(account, (db) => transact(db, store, 'readwrite', (s) => s.put(value)));
}

export async function erase(account: string, store: StoreName, key: string): Promise<void> {
	await withRetry(account, (db) =>
		transact(db, store, 'readwrite', (s) => s.delete(key) as IDBRequest<unknown>),
	);
}

/** Destroy the account's store. Only for a sign-out after everything has its receipt. */
export async function destroyWork(account: string): Promise<void> {
	if (opened) (await opened.db).close();
	opened = null;
	await deleteDatabase(databaseName(account));
}

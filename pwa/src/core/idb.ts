/** A few promises around IndexedDB. Everything here is written with strict durability: when the
 * promise is fulfilled, the data outlives a power cut. */

export type Upgrade = (db: IDBDatabase, from: number) => void;

export function openDatabase(
	name: string,
	version: number,
	upgrade: Upgrade,
): Promise<IDBDatabase> {
	return new Promise((resolve, reject) => {
		const request = indexedDB.open(name, version);
		request.onupgradeneeded = (event) => upgrade(request.result, event.oldVersion);
		request.onsuccess = () => {
			// Another tab wants to upgrade or delete: make way, the next use opens it anew.
			request.result.onversionchange = () => request.result.close();
			resolve(request.result);
		};
		request.onerror = () => reject(request.error);
	});
}

export function deleteDatabase(name: string): Promise<void> {
	return new Promise((resolve, reject) => {
		const request = indexedDB.deleteDatabase(name);
		request.onsuccess = () => resolve();
		request.onblocked = () => resolve();
		request.onerror = () => reject(request.error);
	});
}

/** Run requests in one transaction over one store; resolve when it is on the disk. */
export function transact<T>(
	db: IDBDatabase,
	store: string,
	mode: IDBTransactionMode,
	work: (store: IDBObjectStore) => IDBRequest<T> | undefined,
): Promise<T> {
	return new Promise((resolve, reject) => {
		const transaction = db.transaction(store, mode, { durability: 'strict' });
		const request = work(transaction.objectStore(store));
		transaction.oncomplete = () => resolve(request?.result as T);
		transaction.onerror = () => reject(transaction.error ?? request?.error);
		transaction.onabort = () => reject(transaction.error ?? new Error('aborted'));
	});
}

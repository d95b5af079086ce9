/** The little of PouchDB 9 that the app uses. */
declare module 'pouchdb-core' {
	export interface Stored {
		_id: string;
		_rev?: string;
		_deleted?: boolean;
		_conflicts?: string[];
		[field: string]: unknown;
	}
	export interface Change {
		id: string;
		seq: number | string;
		deleted?: boolean;
		doc?: Stored;
		changes: { rev: string }[];
	}
	export interface Feed<T> extends Promise<T> {
		on(event: string, listener: (value: never) => void): this;
		cancel(): void;
	}
	export interface DeniedRow {
		id: string;
		rev?: string;
		error?: string;
		reason?: string;
		code?: string;
		field?: string;
		quarantine?: string;
	}
	export interface ReplicationResult {
		ok: boolean;
		docs_written: number;
		docs_read: number;
		docs?: Stored[];
		pending?: number;
	}
	export default class PouchDB {
		static plugin(plugin: unknown): typeof PouchDB;
		static defaults(options: Record<string, unknown>): typeof PouchDB;
		static replicate(
			from: PouchDB,
			to: PouchDB,
			options: Record<string, unknown>,
		): Feed<ReplicationResult>;
		constructor(name: string, options?: Record<string, unknown>);
		readonly name: string;
		get(id: string, options?: Record<string, unknown>): Promise<Stored>;
		put(
			doc: Record<string, unknown>,
			options?: { force?: boolean },
		): Promise<{ ok: boolean; id: string; rev: string }>;
		bulkDocs(
			docs: object[],
			options: { new_edits: false },
		): Promise<{ error?: boolean | string; name?: string; message?: string; status?: number }[]>;
		allDocs(options?: Record<string, unknown>): Promise<{ rows: { id: string; doc?: Stored }[] }>;
		changes(options?: Record<string, unknown>): Feed<{ results: Change[]; last_seq: number }>;
		revsDiff(diff: Record<string, string[]>): Promise<Record<string, { missing: string[] }>>;
		info(): Promise<{ update_seq: number; doc_count: number }>;
		destroy(): Promise<void>;
		close(): Promise<void>;
	}
}
declare module 'pouchdb-adapter-idb';
declare module 'pouchdb-adapter-http';
declare module 'pouchdb-adapter-memory';
declare module 'pouchdb-replication';

/** What a save does to a record: which fields changed, their stamps, who and when. Pure. */
import type { Stored } from './pouch';

export interface Trace {
	at: string;
	by: string;
	device: string;
}

/** Give a stamp above the one that is overwritten. */
export type Overwrite = (stamp: string | undefined) => string;

const KEPT = new Set([
	'_id',
	'_rev',
	'type',
	'schema',
	'grid',
	'created',
	'updated',
	'stamps',
	'merge',
]);

function isEmpty(value: unknown): boolean {
	return (
		value === undefined || value === null || value === '' || (Array.isArray(value) && !value.length)
	);
}

/** Tell whether two values of a field are the same to a reader; nothing is as good as empty. */
export function sameValue(a: unknown, b: unknown): boolean {
	if (isEmpty(a) && isEmpty(b)) return true;
	return canonical(a) === canonical(b);
}

function canonical(value: unknown): string {
	return JSON.stringify(value, (_key, part: unknown) => {
		if (!part || typeof part !== 'object' || Array.isArray(part)) return part;
		return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)));
	});
}

/** Return the names of the fields that `values` changes in `before`, sorted. */
export function changedFields(
	before: Readonly<Record<string, unknown>>,
	values: Readonly<Record<string, unknown>>,
): string[] {
	return Object.keys(values)
		.filter((field) => !KEPT.has(field) && !sameValue(before[field], values[field]))
		.sort();
}

/** Return a new record with its common fields. Empty values are left out. */
export function createRecord(
	id: string,
	common: { type: string; schema: number; grid: string },
	values: Readonly<Record<string, unknown>>,
	trace: Trace,
): Stored {
	const filled = Object.entries(values).filter(([field, v]) => !KEPT.has(field) && !isEmpty(v));
	return { _id: id, ...common, created: trace, updated: trace, ...Object.fromEntries(filled) };
}

/** Return `before` with the changed fields of `values`, each with a new stamp, or `null` when
 * nothing changed. Whatever else the record holds, known to us or not, stays as it is. */
export function editRecord(
	before: Stored,
	values: Readonly<Record<string, unknown>>,
	trace: Trace,
	overwrite: Overwrite,
): Stored | null {
	const changed = changedFields(before, values);
	if (!changed.length) return null;
	const stamps = { ...((before.stamps as Record<string, string>) ?? {}) };
	const since = (before.created as Trace | undefined)?.at;
	const after: Stored = { ...before, updated: trace };
	for (const field of changed) {
		const value = values[field];
		after[field] = isEmpty(value) && !Array.isArray(value) ? null : value;
		stamps[field] = overwrite(stamps[field] ?? since);
	}
	after.stamps = stamps;
	return after;
}

/** Records registered twice: which one stands today for one that was merged into it. Pure; the same
 * rules as `conflicts/references.py`. */
import type { Stored } from './pouch';

type Records = ReadonlyMap<string, Stored>;

/** What a record says stands for it, if it was merged into another one. */
export function mergedInto(record: Stored | undefined): string | null {
	return typeof record?.merged_into === 'string' ? record.merged_into : null;
}

/** The id at the end of a chain of redirects; of a circle its smallest member. */
export function standing(id: string, records: Records): string {
	const seen = [id];
	for (;;) {
		const next = mergedInto(records.get(seen[seen.length - 1] ?? id));
		if (!next) return seen[seen.length - 1] ?? id;
		const at = seen.indexOf(next);
		if (at >= 0) return seen.slice(at).sort()[0] ?? id;
		seen.push(next);
	}
}

/** A record whose household is the one that stands today; the record itself when it is. */
export function followed(record: Stored, records: Records): Stored {
	const home = record.household;
	if (typeof home !== 'string') return record;
	const now = standing(home, records);
	return now === home ? record : { ...record, household: now };
}

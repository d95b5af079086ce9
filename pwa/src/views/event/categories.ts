/** Categories of events as the worker chooses them: a group first, then what exactly. Pure. */
import { DICTIONARIES, type Entry, RESTRICTED_CATEGORIES } from '../../generated/dictionaries';

const all: readonly Entry[] = DICTIONARIES.event_category?.entries ?? [];

/** The groups, what gridworkers report most first. */
const OFTEN = ['03', '05', '06', '01', '07', '04', '02', '09', '08', '10', '99'];
export const GROUPS: readonly Entry[] = all
	.filter(([code]) => code.length === 2)
	.sort(([a], [b]) => place(a) - place(b));

function place(code: string): number {
	const found = OFTEN.indexOf(code);
	return found < 0 ? OFTEN.length : found;
}

/** What a group consists of; empty for a group without parts. */
export function partsOf(group: string): readonly Entry[] {
	return all.filter(([code]) => code.length === 4 && code.startsWith(group));
}

/** Whether only few may see events of this category. */
export function isRestricted(category: string): boolean {
	return RESTRICTED_CATEGORIES.includes(category);
}

/** The server's note of a merge on a record, and what it says of an edit made on this phone. Pure;
 * the same rules as `conflicts/reasons.py`. */
import type { Stored } from './pouch';

export interface MergedField {
	policy: string;
	chosen?: string | null;
	lost?: string[];
	review?: string | null;
}

export interface MergeNote {
	parents: string[];
	sides: { rev: string; by?: string | null; device?: string | null; at?: string | null }[];
	fields: Record<string, MergedField>;
	review: boolean;
	reviewed?: { status: 'accepted' | 'changed' | 'undone'; at: string; by: string; device?: string };
}

export function mergeNote(doc: Stored | undefined): MergeNote | null {
	const note = doc?.merge as MergeNote | undefined;
	return note && typeof note === 'object' && Array.isArray(note.sides) ? note : null;
}

/** What became of one field of the edit `rev`: a code of `outcome.*` for each field that others
 * changed too. Fields taken over as they were are not listed. */
export function outcomeFor(note: MergeNote, rev: string): { field: string; code: string }[] {
	const told: { field: string; code: string }[] = [];
	for (const [field, { review, lost, chosen }] of Object.entries(note.fields ?? {})) {
		if (review) told.push({ field, code: review });
		else if (lost?.includes(rev)) told.push({ field, code: 'overtaken' });
		else if (chosen === null || chosen === undefined) told.push({ field, code: 'joined' });
	}
	return told;
}

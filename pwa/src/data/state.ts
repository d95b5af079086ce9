/** In which state a record is, seen from this phone; the words of the whole system. Pure. */
import { mergeNote } from './note';
import type { OutboxEntry } from './outbox';
import type { Stored } from './pouch';

export type RecordState =
	| 'draft'
	| 'waiting'
	| 'sending'
	| 'synced'
	| 'merged'
	| 'review'
	| 'refused';

/** Return the state of a record with its latest edit on this phone, if there was one. */
export function recordState(
	doc: Stored | undefined,
	entry: OutboxEntry | undefined,
	sending: boolean,
): RecordState {
	if (entry?.state === 'refused' && !entry.outcome) return 'refused';
	if (entry?.state === 'waiting') return sending ? 'sending' : 'waiting';
	const note = mergeNote(doc);
	if (note?.review) return 'review';
	const mine = entry?.rev && note?.sides.some(({ rev }) => rev === entry.rev);
	if (mine && entry.seenMerge !== noteMark(note)) return 'merged';
	return 'synced';
}

/** What tells one note of a record from another: remembered when the worker has read it. */
export function noteMark(note: ReturnType<typeof mergeNote>): string {
	if (!note) return '';
	return [...note.parents, note.reviewed?.at ?? ''].join(' ');
}

import { expect, test } from 'vitest';
import { mergeNote, outcomeFor } from '../../../pwa/src/data/note';
import type { OutboxEntry } from '../../../pwa/src/data/outbox';
import { noteMark, recordState } from '../../../pwa/src/data/state';

const MINE = '2-aa';
const THEIRS = '2-bb';

function entry(patch: Partial<OutboxEntry>): OutboxEntry {
	const at = '2026-11-24T08:00:00.000Z-0000-aaaaaaa1';
	const fixed = { key: 'g|household:1', grid: 'g', id: 'household:1', at, base: null, saved: 1 };
	return { ...fixed, rev: MINE, state: 'received', ...patch };
}

function merged(review: boolean, fields = {}) {
	const sides = [{ rev: MINE }, { rev: THEIRS }];
	return { _id: 'household:1', merge: { parents: [MINE, THEIRS], sides, fields, review } };
}

test('each stage of an edit has its word', () => {
	const plain = { _id: 'household:1' };
	expect(recordState(plain, undefined, false)).toBe('synced');
	expect(recordState(plain, entry({ state: 'waiting' }), false)).toBe('waiting');
	expect(recordState(plain, entry({ state: 'waiting' }), true)).toBe('sending');
	expect(recordState(plain, entry({ state: 'refused' }), true)).toBe('refused');
	expect(recordState(plain, entry({ state: 'refused', outcome: 'closed' }), false)).toBe('synced');
	expect(recordState(merged(true), undefined, false)).toBe('review');
	expect(recordState(merged(true), entry({ state: 'waiting' }), false)).toBe('waiting');
});

test('a merge is told to whom it concerns until he has read it', () => {
	const doc = merged(false);
	expect(recordState(doc, entry({}), false)).toBe('merged');
	expect(recordState(doc, entry({ rev: '3-other' }), false)).toBe('synced');
	expect(recordState(doc, undefined, false)).toBe('synced');
	const seenMerge = noteMark(mergeNote(doc));
	expect(recordState(doc, entry({ seenMerge }), false)).toBe('synced');
	const reviewed = { ...doc.merge, reviewed: { status: 'undone', at: '2026', by: 'village' } };
	expect(recordState({ ...doc, merge: reviewed }, entry({ seenMerge }), false)).toBe('merged');
});

test('what became of my edit, field by field', () => {
	const fields = {
		phone: { policy: 'lww_review', chosen: THEIRS, lost: [MINE], review: 'clash' },
		note: { policy: 'text', chosen: null, lost: [] },
		area: { policy: 'lww', chosen: THEIRS, lost: [MINE] },
		room: { policy: 'lww', chosen: MINE, lost: [THEIRS] },
	};
	const note = mergeNote(merged(true, fields));
	expect(note && outcomeFor(note, MINE)).toEqual([
		{ field: 'phone', code: 'clash' },
		{ field: 'note', code: 'joined' },
		{ field: 'area', code: 'overtaken' },
	]);
	expect(mergeNote({ _id: 'x', merge: 'nonsense' })).toBeNull();
	expect(mergeNote(undefined)).toBeNull();
});

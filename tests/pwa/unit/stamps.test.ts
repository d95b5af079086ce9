import fc from 'fast-check';
import { expect, test } from 'vitest';
import { changedFields, createRecord, editRecord, sameValue } from '../../../pwa/src/data/stamps';

const CREATED = { at: '2026-11-01T00:00:00.000Z-0000-aaaaaaa1', by: 'worker1', device: 'aaaaaaa1' };
const NOW = { at: '2026-11-24T08:00:00.000Z-0000-bbbbbbb2', by: 'worker2', device: 'bbbbbbb2' };
const over = (stamp: string | undefined) => (stamp && stamp > NOW.at ? `${stamp}+` : NOW.at);

const common = { type: 'household', schema: 1, grid: '44090400400100104' };
const FIELDS = ['address', 'phone', 'note', 'tags', 'members'];
const value = fc.oneof(
	fc.constantFrom('', null, '甲', '𠮷', 0, 3, true),
	fc.array(fc.constantFrom('低保', '军属'), { maxLength: 2 }),
);
const values = fc.dictionary(fc.constantFrom(...FIELDS), value);

test('an edit stamps what it changes, and nothing else changes', () => {
	fc.assert(
		fc.property(values, values, (first, second) => {
			const before = {
				...createRecord('household:1', common, first, CREATED),
				_rev: '1-a',
				later: 7,
			};
			const changed = changedFields(before, second);
			const after = editRecord(before, second, NOW, over);
			if (!changed.length) {
				expect(after).toBeNull();
				return;
			}
			expect(Object.keys(after?.stamps as object).sort()).toEqual(changed);
			for (const field of FIELDS) {
				const wanted = changed.includes(field)
					? second[field]
					: before[field as keyof typeof before];
				expect(sameValue(after?.[field], wanted), field).toBe(true);
			}
			expect(after).toMatchObject({ _id: 'household:1', _rev: '1-a', later: 7, updated: NOW });
			expect(after?.created).toEqual(CREATED);
		}),
	);
});

test('a cleared field says so, instead of vanishing', () => {
	const before = createRecord(
		'household:1',
		common,
		{ phone: '12000000001', tags: ['低保'] },
		CREATED,
	);
	const after = editRecord(before, { phone: '', tags: [] }, NOW, over);
	expect(after).toMatchObject({ phone: null, tags: [] });
	expect(Object.keys(after?.stamps as object)).toEqual(['phone', 'tags']);
});

test('a value from a clock that is ahead is overwritten with a stamp above it', () => {
	const ahead = '2026-11-26T08:00:00.000Z-0000-aaaaaaa1';
	const before = {
		...createRecord('household:1', common, { phone: '12000000001' }, CREATED),
		stamps: { phone: ahead },
	};
	const after = editRecord(before, { phone: '12000000002' }, NOW, over);
	expect(after?.stamps).toEqual({ phone: `${ahead}+` });
});

test('what the common fields say cannot be typed over', () => {
	const made = createRecord(
		'household:1',
		common,
		{ grid: 'x', type: 'event', note: '甲' },
		CREATED,
	);
	expect(made).toMatchObject({ grid: common.grid, type: 'household', note: '甲' });
	expect(editRecord(made, { grid: 'x', merge: {}, stamps: {} }, NOW, over)).toBeNull();
});

test('the order of an object’s members is no change', () => {
	expect(sameValue({ a: 1, b: { c: 2, d: 3 } }, { b: { d: 3, c: 2 }, a: 1 })).toBe(true);
	expect(sameValue([1, 2], [2, 1])).toBe(false);
	expect(sameValue(0, '')).toBe(false);
	expect(sameValue(false, null)).toBe(false);
});

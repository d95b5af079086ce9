import { expect, test } from 'vitest';
import type { Stored } from '../../../pwa/src/data/pouch';
import { followed, mergedInto, standing } from '../../../pwa/src/data/redirect';

function doc(_id: string, more: object = {}): Stored {
	return { _id, _rev: '1-a', type: _id.split(':')[0], ...more } as Stored;
}

function records(...docs: Stored[]): ReadonlyMap<string, Stored> {
	return new Map(docs.map((one) => [one._id, one]));
}

test('a reference leads to the record that stands, also along a chain', () => {
	const all = records(
		doc('household:B', { merged_into: 'household:A' }),
		doc('household:A', { merged_into: 'household:Z' }),
		doc('household:Z'),
	);
	expect(standing('household:B', all)).toBe('household:Z');
	expect(standing('household:Z', all)).toBe('household:Z');
	const resident = doc('resident:1', { household: 'household:B' });
	expect(followed(resident, all).household).toBe('household:Z');
	expect(resident.household).toBe('household:B');
});

test('what stands in a grid that is not on this phone is named all the same', () => {
	const all = records(doc('household:B', { merged_into: 'household:elsewhere' }));
	expect(standing('household:B', all)).toBe('household:elsewhere');
});

test('a circle has one end, wherever one starts', () => {
	const all = records(
		doc('household:A', { merged_into: 'household:B' }),
		doc('household:B', { merged_into: 'household:A' }),
	);
	expect(standing('household:B', all)).toBe('household:A');
	expect(standing('household:A', all)).toBe('household:A');
});

test('a record that nothing was merged into stays itself', () => {
	const resident = doc('resident:1', { household: 'household:A' });
	expect(followed(resident, records(doc('household:A')))).toBe(resident);
	expect(mergedInto(resident)).toBeNull();
	expect(mergedInto(undefined)).toBeNull();
});

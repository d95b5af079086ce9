import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
	FIRST_BYTES,
	halved,
	LEAST_BYTES,
	MOST_BYTES,
	measured,
} from '../../../pwa/src/sync/budget';
import { DETOUR_MS, Detour } from '../../../pwa/src/sync/detour';
import { positionsIn } from '../../../pwa/src/sync/live';

const any = fc.double({ min: 0, max: 1e12, noNaN: true });

test('whatever was measured, a budget is within what the server takes', () => {
	fc.assert(
		fc.property(any, any, any, (budget, bytes, ms) => {
			for (const next of [measured(budget, bytes, ms), halved(budget)]) {
				expect(Number.isInteger(next)).toBe(true);
				expect(next).toBeGreaterThanOrEqual(LEAST_BYTES);
				expect(next).toBeLessThanOrEqual(MOST_BYTES);
			}
		}),
	);
});

test('an answer takes a few seconds on the network that was measured', () => {
	expect(measured(FIRST_BYTES, 100_000, 1_000)).toBe(400_000);
	expect(measured(FIRST_BYTES, 100_000, 10_000)).toBe(40_000);
	// Too little came to say anything.
	expect(measured(FIRST_BYTES, 300, 900)).toBe(FIRST_BYTES);
	expect(halved(FIRST_BYTES)).toBe(FIRST_BYTES / 2);
});

function memory() {
	const kept = new Map<string, string>();
	return {
		getItem: (key: string) => kept.get(key) ?? null,
		setItem: (key: string, value: string) => void kept.set(key, value),
		removeItem: (key: string) => void kept.delete(key),
	};
}

test('a mangling network is gone round for an hour, also after the app was closed', () => {
	const kept = memory();
	const detour = new Detour(kept);
	expect(detour.active(1_000)).toBe(false);
	detour.begin(1_000);
	expect(new Detour(kept).active(1_000 + DETOUR_MS - 1)).toBe(true);
	expect(detour.active(1_000 + DETOUR_MS)).toBe(false);
	// A clock that was set back does not make it longer.
	expect(detour.active(-5_000)).toBe(false);
	detour.begin(1_000);
	detour.end();
	expect(detour.active(1_001)).toBe(false);
});

test('one broken line is chance, two answers in a row are not', () => {
	const detour = new Detour(memory());
	expect(detour.brokenLine(0)).toBe(false);
	detour.end();
	expect(detour.brokenLine(0)).toBe(false);
	expect(detour.active(1)).toBe(false);
	expect(detour.brokenLine(0)).toBe(true);
	expect(detour.active(1)).toBe(true);
});

test('news that cannot be read tell of nothing', () => {
	expect(positionsIn('{"44":"7-a"}')).toEqual({ 44: '7-a' });
	for (const data of ['', '{', 'null', '1']) expect(positionsIn(data)).toEqual({});
});

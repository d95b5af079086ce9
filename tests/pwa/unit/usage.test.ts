import 'fake-indexeddb/auto';
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import {
	addUse,
	type Days,
	dayOf,
	KEPT_DAYS,
	readUsage,
	withUse,
} from '../../../pwa/src/data/usage';
import { destroyWork } from '../../../pwa/src/data/work-store';

afterEach(() => destroyWork('worker1'));

const use = fc.record({ up: fc.nat(1e6), down: fc.nat(1e6), ms: fc.nat(1e5) });
const runs = fc.array(fc.tuple(fc.nat(80), use));

test('each day is the sum of its runs, and the last thirty days stay', () => {
	fc.assert(
		fc.property(runs, (all) => {
			const ordered = [...all].sort(([a], [b]) => a - b);
			const name = (n: number) => dayOf(Date.UTC(2026, 0, 1 + n, 4));
			const days = ordered.reduce<Days>((sum, [day, one]) => withUse(sum, name(day), one), {});
			const kept = [...new Set(ordered.map(([day]) => name(day)))].sort().slice(-KEPT_DAYS);
			expect(Object.keys(days).sort()).toEqual(kept);
			for (const day of kept) {
				const down = ordered.filter(([n]) => name(n) === day).reduce((n, [, o]) => n + o.down, 0);
				expect(days[day]?.down).toBe(down);
			}
		}),
	);
});

test('what a run cost is on the phone afterwards; a run without a byte cost nothing', async () => {
	const now = new Date(2026, 10, 24, 23, 59).getTime();
	await addUse('worker1', now, { up: 0, down: 0, ms: 900 });
	expect(await readUsage('worker1')).toEqual({});
	await addUse('worker1', now, { up: 100, down: 28, ms: 1_000 });
	await addUse('worker1', now, { up: 1, down: 2, ms: 3 });
	await addUse('worker1', now + 120_000, { up: 5, down: 0, ms: 1 });
	expect(await readUsage('worker1')).toEqual({
		'2026-11-24': { up: 101, down: 30, ms: 1_003 },
		'2026-11-25': { up: 5, down: 0, ms: 1 },
	});
});

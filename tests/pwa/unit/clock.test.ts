import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatClock, HybridClock, MAX_AHEAD_MS, parseClock } from '../../../pwa/src/core/clock';
import { python } from './python';

const START = Date.UTC(2026, 10, 24, 8, 9, 10, 123);
const HOUR = 3_600_000;

/** What happens to a phone's clock: it is read, hears of another, or overwrites a stamp. */
type Step = { kind: 'now' | 'receive' | 'overwrite'; at: number; foreign: string };

const stamps = fc
	.record({
		milliseconds: fc.integer({ min: START - 50 * HOUR, max: START + 50 * HOUR }),
		counter: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.constantFrom(0xfffe, 0xffff)),
		device: fc.constantFrom('a1b2c3d4', '0000000f'),
	})
	.map(formatClock);
const steps = fc.array(
	fc.record<Step>({
		kind: fc.constantFrom('now', 'receive', 'overwrite'),
		at: fc.oneof(
			fc.integer({ min: START - 48 * HOUR, max: START + 48 * HOUR }),
			fc.constant(START),
		),
		foreign: stamps,
	}),
	{ maxLength: 12 },
);

function run(script: readonly Step[]): string[] {
	const clock = new HybridClock('a1b2c3d4');
	return script.flatMap(({ kind, at, foreign }) => {
		if (kind === 'now') return [clock.now(at)];
		if (kind === 'overwrite') return [clock.overwrite(foreign, at)];
		clock.receive(foreign, at);
		return [];
	});
}

test('the phone gives the stamps that the server would give', () => {
	const scripts = fc.sample(steps, { numRuns: 400, seed: 20261124 });
	// The server's receive also gives a stamp for the receipt; a phone only takes note.
	const expected = python<string[][]>(
		`
from conflicts.clock import HybridClock, parse_clock, ahead_ms, MAX_AHEAD_MS
answer = []
for script in given:
    clock, stamps = HybridClock("a1b2c3d4"), []
    for step in script:
        foreign = parse_clock(step["foreign"])
        if step["kind"] == "now":
            stamps.append(str(clock.now(step["at"])))
        elif step["kind"] == "overwrite":
            stamps.append(str(clock.overwrite(foreign, step["at"])))
        elif ahead_ms(foreign, step["at"]) <= MAX_AHEAD_MS:
            clock.last = foreign if clock.last is None else max(clock.last, foreign)
    answer.append(stamps)
`,
		scripts,
	);
	expect(scripts.map(run)).toEqual(expected);
});

test('an overwritten stamp is always below the new one', () => {
	fc.assert(
		fc.property(
			stamps,
			fc.integer({ min: START - 48 * HOUR, max: START + 48 * HOUR }),
			(old, at) => {
				expect(new HybridClock('a1b2c3d4').overwrite(old, at) > old).toBe(true);
			},
		),
	);
});

test('stamps rise while the time of day stands still or goes back a little', () => {
	fc.assert(
		fc.property(fc.array(fc.integer({ min: 0, max: MAX_AHEAD_MS }), { minLength: 2 }), (back) => {
			const clock = new HybridClock('a1b2c3d4', {
				milliseconds: START,
				counter: 0,
				device: 'a1b2c3d4',
			});
			const given = back.map((ms) => clock.now(START - ms));
			expect([...given].sort()).toEqual(given);
			expect(new Set(given).size).toBe(given.length);
		}),
	);
});

test('a clock two days off is not followed, nor is our own once the phone is set right', () => {
	const clock = new HybridClock('a1b2c3d4');
	const wrong = clock.now(START + 48 * HOUR);
	const right = clock.now(START);
	expect(right < wrong).toBe(true);
	clock.receive(wrong, START);
	expect(clock.now(START + 1)).toBe('2026-11-24T08:09:10.124Z-0000-a1b2c3d4');
});

test('text and clock are the same thing', () => {
	fc.assert(
		fc.property(stamps, (text) => {
			const clock = parseClock(text);
			expect(clock && formatClock(clock)).toBe(text);
		}),
	);
	for (const wrong of [
		'',
		'2026-11-24T08:09:10.123Z',
		'2026-02-30T08:09:10.123Z-0000-a1b2c3d4',
		'2026-11-24T25:09:10.123Z-0000-a1b2c3d4',
		'2026-11-24T08:09:10.123Z-0000-A1B2C3D4',
		'1969-12-31T23:59:59.999Z-0000-a1b2c3d4',
	]) {
		expect(parseClock(wrong), wrong).toBeNull();
	}
});

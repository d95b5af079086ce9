import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AnswerReader, BrokenLine, Mangled, type Told } from '../../../pwa/src/sync/answer';

const encoder = new TextEncoder();
const HELLO = { hello: { time: '2026-11-24T08:00:00.000Z', session: 's' } };

const doc = fc.record({
	_id: fc.string(),
	_rev: fc.constant('1-a'),
	名: fc.string({ unit: 'binary' }),
});
const segment = fc
	.tuple(fc.array(doc, { maxLength: 4 }), fc.constantFrom('44', 'bulletin/44'), fc.string())
	.chain(([docs, name, since]) =>
		fc
			.constantFrom({ mark: name, since, left: 3 }, { end: name, since }, { end: name })
			.map((last) => [...docs.map((one) => ({ doc: one })), last]),
	);
const other = fc.constantFrom<object>(
	{ receipts: [{ id: 'a', rev: '1-b', stored: true }], of: '44' },
	{ outcome: { quarantine: 'refused:1', status: 'closed', closed: null } },
	{ closed: '44', status: 403, error: 'forbidden', reason: '' },
	{ 'of a later version': { anything: [1] } },
);
const lines = fc
	.array(
		fc.oneof(
			segment,
			other.map((one) => [one]),
		),
		{ maxLength: 8 },
	)
	.map((parts) => [HELLO, ...parts.flat(), { bye: {} }]);

function bytes(all: object[]): Uint8Array {
	return encoder.encode(all.map((line) => `${JSON.stringify(line)}\n`).join(''));
}

/** Read an answer in pieces that end at these places. */
function read(answer: Uint8Array, places: number[]): Told[] {
	const reader = new AnswerReader();
	const ends = [...new Set(places.map((one) => one % (answer.length + 1)))].sort((a, b) => a - b);
	const told: Told[] = [];
	let from = 0;
	for (const to of [...ends, answer.length]) {
		told.push(...reader.read(answer.slice(from, to)));
		from = to;
	}
	return told;
}

test('an answer says the same in whatever pieces it comes', () => {
	fc.assert(
		fc.property(lines, fc.array(fc.nat()), (all, places) => {
			expect(read(bytes(all), places)).toEqual(read(bytes(all), []));
		}),
	);
});

test('an answer cut at any byte says a beginning of the whole', () => {
	fc.assert(
		fc.property(lines, fc.nat(), (all, place) => {
			const answer = bytes(all);
			const whole = read(answer, []);
			const cut = read(answer.slice(0, place % (answer.length + 1)), []);
			expect(cut).toEqual(whole.slice(0, cut.length));
		}),
	);
});

test('documents count with the line that closes their segment; unknown lines say nothing', () => {
	const one = { _id: 'a', _rev: '1-a' };
	const told = read(
		bytes([HELLO, { doc: one }, { new: 1 }, { doc: one }, { mark: '44', since: 'x', left: 7 }]),
		[],
	);
	expect(told.slice(1)).toEqual([
		{ kind: 'segment', database: '44', docs: [one, one], since: 'x', left: 7 },
	]);
	expect(read(bytes([HELLO, { end: '44' }, { bye: { more: true } }]), []).slice(1)).toEqual([
		{ kind: 'segment', database: '44', docs: [], left: null },
		{ kind: 'bye', more: true },
	]);
});

test('documents of a database that closes are not taken for the next one’s', () => {
	const all = [
		HELLO,
		{ doc: { _id: 'a', _rev: '1-a' } },
		{ closed: '44', status: 400 },
		{ end: '45' },
	];
	expect(read(bytes(all), []).at(-1)).toMatchObject({ database: '45', docs: [] });
});

test('what does not begin with a hello is no exchange’s answer', () => {
	for (const text of ['<html>\n', '{"bye":{}}\n', '[]\n', '\n']) {
		expect(() => new AnswerReader().read(encoder.encode(text))).toThrow(Mangled);
	}
	const reader = new AnswerReader();
	reader.read(encoder.encode('{"hel'));
	expect(() => reader.end()).toThrow(Mangled);
});

test('a line that cannot be read is told apart', () => {
	const reader = new AnswerReader();
	reader.read(bytes([HELLO]));
	expect(() => reader.read(encoder.encode('{"doc":{"_id\n'))).toThrow(BrokenLine);
	expect(() => reader.end()).not.toThrow();
});

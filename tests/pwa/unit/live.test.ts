import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Live } from '../../../pwa/src/sync/live';

/** A stream that does what the test says. */
class Source {
	static all: Source[] = [];
	onopen: (() => void) | null = null;
	onerror: (() => void) | null = null;
	closed = false;
	private readonly heard = new Map<string, (event: { data: unknown }) => void>();

	constructor(readonly url: string) {
		Source.all.push(this);
	}

	addEventListener(kind: string, listener: (event: { data: unknown }) => void): void {
		this.heard.set(kind, listener);
	}

	close(): void {
		this.closed = true;
	}

	tell(kind: string, data: unknown): void {
		this.heard.get(kind)?.({ data });
	}
}

const listener = { changed: vi.fn(), opened: vi.fn(), ask: vi.fn() };
let live: Live;

function newest(): Source {
	const source = Source.all.at(-1);
	if (!source) throw new Error('no stream was opened');
	return source;
}

/** Let the newest stream break, and return after how many milliseconds the next one is tried. */
function waitAfterBreak(): number {
	const before = Source.all.length;
	newest().onerror?.();
	const began = Date.now();
	vi.advanceTimersToNextTimer();
	expect(Source.all.length).toBe(before + 1);
	return Date.now() - began;
}

beforeEach(() => {
	vi.useFakeTimers();
	vi.spyOn(Math, 'random').mockReturnValue(0.5);
	vi.stubGlobal('EventSource', Source);
	Source.all = [];
	live = new Live(listener);
});

afterEach(() => {
	live.close();
	vi.useRealTimers();
	vi.unstubAllGlobals();
	vi.restoreAllMocks();
	vi.clearAllMocks();
});

test('one stream is opened, and what it tells is passed on', () => {
	live.open();
	live.open();
	expect(Source.all.map((source) => source.url)).toEqual(['/api/v1/events']);
	expect(live.connected).toBe(false);

	newest().onopen?.();
	newest().tell('changed', '{"44090400400100104":"4-a"}');
	newest().tell('changed', 'nonsense');

	expect(live.connected).toBe(true);
	expect(listener.opened).toHaveBeenCalledTimes(1);
	expect(listener.changed.mock.calls).toEqual([[{ '44090400400100104': '4-a' }], [{}]]);
	expect(listener.ask).not.toHaveBeenCalled();
});

test('a stream that broke is replaced, and what it may have missed is asked for', () => {
	live.open();
	newest().onopen?.();
	newest().onerror?.();
	expect(live.connected).toBe(false);
	expect(newest().closed).toBe(true);
	expect(listener.ask).not.toHaveBeenCalled();

	vi.advanceTimersByTime(1_999);
	live.open();
	expect(Source.all.length).toBe(1);
	vi.advanceTimersByTime(1);
	expect(Source.all.length).toBe(2);
	newest().onopen?.();

	expect(live.connected).toBe(true);
	expect(listener.ask).toHaveBeenCalledTimes(1);
	vi.runAllTimers();
	expect(Source.all.length).toBe(2);
});

test('waits grow to five minutes, and begin anew once a stream was open', () => {
	live.open();
	const waits = Array.from({ length: 7 }, waitAfterBreak);
	expect(waits).toEqual([2_000, 8_000, 32_000, 128_000, 300_000, 300_000, 300_000]);
	newest().onopen?.();
	expect(waitAfterBreak()).toBe(2_000);
	expect(Source.all.filter((source) => !source.closed).length).toBe(1);
});

test('a change of the session is asked about, and another stream opened within seconds', () => {
	live.open();
	newest().onopen?.();
	newest().tell('session', '{}');
	expect(listener.ask).toHaveBeenCalledTimes(1);
	expect(newest().closed).toBe(true);

	vi.advanceTimersByTime(5_000);
	expect(Source.all.length).toBe(2);
});

test.each(['open', 'broken'])('a stream that is closed while %s stays closed', (state) => {
	live.open();
	newest().onopen?.();
	if (state === 'broken') newest().onerror?.();

	live.close();
	vi.runAllTimers();

	expect(live.connected).toBe(false);
	expect(Source.all.every((source) => source.closed)).toBe(true);
	expect(Source.all.length).toBe(1);
	live.open();
	expect(Source.all.length).toBe(2);
});

test('a browser without streams opens none', () => {
	vi.unstubAllGlobals();
	live.open();
	expect(Source.all).toEqual([]);
});

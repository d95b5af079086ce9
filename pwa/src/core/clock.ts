/**
 * Hybrid logical clock of this phone; the same rules and text form as `conflicts/clock.py`:
 * `2026-11-24T08:09:10.123Z-0000-a1b2c3d4`, UTC milliseconds, counter, device. Text order is clock
 * order, so clocks are compared as texts. Physical time is passed in, in milliseconds since 1970.
 */

/** How far (ms) a foreign clock may be ahead of ours and still be followed. */
export const MAX_AHEAD_MS = 5 * 60 * 1000;
const MAX_COUNTER = 0xffff;
const LAST_MS = 253_402_300_799_999;
const TEXT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z-[0-9a-f]{4}-[0-9a-f]{8}$/;

export interface Clock {
	readonly milliseconds: number;
	readonly counter: number;
	readonly device: string;
}

export function formatClock(clock: Clock): string {
	const counter = clock.counter.toString(16).padStart(4, '0');
	return `${new Date(clock.milliseconds).toISOString()}-${counter}-${clock.device}`;
}

/** Return the clock written in `text`, or `null` when it is none. */
export function parseClock(text: string): Clock | null {
	if (!TEXT.test(text)) return null;
	const milliseconds = Date.parse(text.slice(0, 24));
	if (Number.isNaN(milliseconds) || milliseconds < 0) return null;
	if (new Date(milliseconds).toISOString() !== text.slice(0, 24)) return null;
	return { milliseconds, counter: Number.parseInt(text.slice(25, 29), 16), device: text.slice(30) };
}

/** The clock of one device; keep `last` and give it back when the app starts again. */
export class HybridClock {
	constructor(
		readonly device: string,
		public last: Clock | null = null,
	) {}

	/** Return a stamp for something that happens now, above every stamp given before. */
	now(physicalMs: number): string {
		this.last = this.tick(this.last, physicalMs);
		return formatClock(this.last);
	}

	/** Take note of a stamp from elsewhere; one from a wrong clock is left out of account. */
	receive(foreign: string, physicalMs: number): void {
		const seen = parseClock(foreign);
		if (!seen || seen.milliseconds - physicalMs > MAX_AHEAD_MS) return;
		if (!this.last || foreign > formatClock(this.last)) this.last = seen;
	}

	/** Return the stamp for changing a value that carries `stamp`: above it, however wrong it is. */
	overwrite(stamp: string | undefined, physicalMs: number): string {
		const now = this.now(physicalMs);
		const old = stamp ? parseClock(stamp) : null;
		if (!old || !stamp || now > stamp) return now;
		return formatClock(this.after(old));
	}

	private tick(seen: Clock | null, physicalMs: number): Clock {
		const ms = Math.min(Math.max(0, Math.floor(physicalMs)), LAST_MS);
		const wrong = seen !== null && seen.milliseconds - ms > MAX_AHEAD_MS;
		if (!seen || wrong || ms > seen.milliseconds) {
			return { milliseconds: ms, counter: 0, device: this.device };
		}
		return this.after(seen);
	}

	private after(stamp: Clock): Clock {
		const { milliseconds, counter } = stamp;
		if (counter < MAX_COUNTER) return { milliseconds, counter: counter + 1, device: this.device };
		return { milliseconds: Math.min(milliseconds + 1, LAST_MS), counter: 0, device: this.device };
	}
}

/** What belongs to this phone, whoever uses it: its id, its clock, how far its clock is wrong. */
import { HybridClock, parseClock } from './clock';

const DEVICE = 'wangge.device';
const CLOCK = 'wangge.clock';
const OFFSET = 'wangge.offset';

/** Eight hexadecimal characters, made once. */
export function deviceId(): string {
	let id = localStorage.getItem(DEVICE);
	if (!id) {
		const bytes = crypto.getRandomValues(new Uint8Array(4));
		id = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
		localStorage.setItem(DEVICE, id);
	}
	return id;
}

/** Take over the id that this phone had before its storage was emptied. */
export function restoreDeviceId(id: string): void {
	if (/^[0-9a-f]{8}$/.test(id)) localStorage.setItem(DEVICE, id);
}

/** Milliseconds by which the server's time is ahead of this phone's. */
export function clockOffset(): number {
	return Number(localStorage.getItem(OFFSET)) || 0;
}

/** Learn the offset from an answer that says the server's time (RFC 3339); half of the round trip
 * is taken for the way back. */
export function learnOffset(serverTime: string, askedMs: number, answeredMs: number): void {
	const server = Date.parse(serverTime);
	if (Number.isNaN(server)) return;
	localStorage.setItem(
		OFFSET,
		String(Math.round(server + (answeredMs - askedMs) / 2 - answeredMs)),
	);
}

/** The time of day (ms since 1970) as the server would say it. */
export function trueTime(): number {
	return Date.now() + clockOffset();
}

/** Use the phone's hybrid clock. It is read and written each time, so that tabs share it. */
export function withClock<T>(use: (clock: HybridClock, physicalMs: number) => T): T {
	const clock = new HybridClock(deviceId(), parseClock(localStorage.getItem(CLOCK) ?? ''));
	const before = clock.last;
	const result = use(clock, trueTime());
	if (clock.last && clock.last !== before) {
		const { milliseconds, counter, device } = clock.last;
		const text = `${new Date(milliseconds).toISOString()}-${counter.toString(16).padStart(4, '0')}-${device}`;
		localStorage.setItem(CLOCK, text);
	}
	return result;
}

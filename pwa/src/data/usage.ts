/** What the sync costs: bytes and time on the network, by day, kept for 30 days on this phone. */
import { read, write } from './work-store';

export interface Use {
	/** Bytes sent and received. */
	up: number;
	down: number;
	/** Milliseconds of syncing. */
	ms: number;
}

/** By day of this phone, `2026-11-25`. */
export type Days = Record<string, Use>;

export const KEPT_DAYS = 30;
const KEY = 'usage';

/** Return the day that a moment (ms since 1970) falls on, in this phone's time zone. */
export function dayOf(ms: number): string {
	const date = new Date(ms);
	const two = (n: number) => String(n).padStart(2, '0');
	return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** Return the days with one more use, the oldest beyond 30 left out. */
export function withUse(days: Days, day: string, use: Use): Days {
	const { up, down, ms } = days[day] ?? { up: 0, down: 0, ms: 0 };
	const all = { ...days, [day]: { up: up + use.up, down: down + use.down, ms: ms + use.ms } };
	const kept = Object.keys(all).sort().slice(-KEPT_DAYS);
	return Object.fromEntries(kept.map((one) => [one, all[one] as Use]));
}

export async function readUsage(account: string): Promise<Days> {
	return (await read<{ key: string; days: Days }>(account, 'marks', KEY))?.days ?? {};
}

/** Add what one run cost. */
export async function addUse(account: string, now: number, use: Use): Promise<void> {
	if (!use.up && !use.down) return;
	const days = withUse(await readUsage(account), dayOf(now), use);
	await write(account, 'marks', { key: KEY, days });
}

/** When to try again. Pure. */

export const EVERY_MS = 60_000;
/** While news come by themselves, or nobody looks. */
export const SELDOM_MS = 5 * 60_000;
const FIRST_MS = 2_000;
const MOST_MS = 60_000;

/** Wait after the n-th failure in a row (n from 1): doubling, at most a minute, with ±20 % jitter so
 * that phones of one village do not all come back at once. */
export function backOff(failures: number, random: number = Math.random()): number {
	return Math.min(MOST_MS, FIRST_MS * 2 ** (failures - 1)) * (0.8 + 0.4 * random);
}

/** Time until the next regular sync. */
export function regular(every = EVERY_MS, random: number = Math.random()): number {
	return every * (0.8 + 0.4 * random);
}

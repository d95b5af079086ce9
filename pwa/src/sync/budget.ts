/** How much one answer may hold, so that it takes a few seconds on this network. Pure. */

export const LEAST_BYTES = 8 * 1024;
export const MOST_BYTES = 4 * 1024 * 1024;
/** Until something was measured: 3 seconds at 400 kbit/s, which packs about six to one. */
export const FIRST_BYTES = 512 * 1024;
const AIM_MS = 4_000;
/** Less says more about waiting than about the network. */
const TELLING_BYTES = 16 * 1024;

function within(bytes: number): number {
	return Math.round(Math.min(MOST_BYTES, Math.max(LEAST_BYTES, bytes)));
}

/** Return the next budget after an answer of so many bytes of lines, which came within `ms`. */
export function measured(budget: number, bytes: number, ms: number): number {
	if (bytes < TELLING_BYTES) return within(budget);
	return within((bytes / Math.max(1, ms)) * AIM_MS);
}

/** Return the next budget after an exchange that failed. */
export function halved(budget: number): number {
	return within(budget / 2);
}

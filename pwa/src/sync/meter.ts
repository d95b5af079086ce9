/** What the browser says a request cost. */

/** Return how many bytes the answer to the last request of `path` had on the line (packed, with its
 * head), or 0 where the browser does not say: it was cut, or is too old. */
export async function transferred(path: string, since: number): Promise<number> {
	if (!performance.getEntriesByType) return 0;
	// The entry is made in a task after the one in which the body ended.
	await new Promise((resolve) => setTimeout(resolve, 0));
	const entries = performance.getEntriesByType('resource') as PerformanceResourceTiming[];
	const mine = entries.filter(({ name, startTime }) => name.endsWith(path) && startTime >= since);
	// The browser keeps 250 entries and then no new ones.
	performance.clearResourceTimings?.();
	return mine.at(-1)?.transferSize ?? 0;
}

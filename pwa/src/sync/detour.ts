/** When the app leaves the exchange for stock replication: something on this network (a proxy that
 * repacks answers, an old gateway) does not let it pass. Nobody is told; everything still arrives. */

export const DETOUR_MS = 60 * 60_000;
/** So many answers in a row with unreadable lines are no chance. */
const BROKEN_IN_A_ROW = 2;
const KEY = 'wangge.detour';

export class Detour {
	private broken = 0;

	constructor(private readonly store: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>) {}

	/** Tell whether to use stock replication now. */
	active(now = Date.now()): boolean {
		const until = Number(this.store.getItem(KEY)) || 0;
		// An end that lies further off than any detour comes from a clock that was set.
		return now < until && until - now <= DETOUR_MS;
	}

	begin(now = Date.now()): void {
		this.broken = 0;
		this.store.setItem(KEY, String(now + DETOUR_MS));
	}

	/** An exchange came through, or the network is another one. */
	end(): void {
		this.broken = 0;
		this.store.removeItem(KEY);
	}

	/** An answer had a line that cannot be read; tells whether that was once too often. */
	brokenLine(now = Date.now()): boolean {
		this.broken += 1;
		if (this.broken < BROKEN_IN_A_ROW) return false;
		this.begin(now);
		return true;
	}
}

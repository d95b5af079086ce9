/** What pages may know of the sync. */
import { reactive } from 'vue';
import type { TroubleKind } from './trouble';

export interface Progress {
	done: number;
	pending: number | null;
}

export const status = reactive({
	running: false,
	/** The run takes long enough to offer an end of it. */
	slow: false,
	/** The grid that is being pulled for the first time, and how far it is. */
	progress: null as (Progress & { grid: string }) | null,
	trouble: null as Exclude<TroubleKind, 'stopped'> | null,
	/** Last good sync per grid (ms since 1970). */
	good: {} as Record<string, number>,
	leading: false,
	/** Last good run through everything (ms since 1970), or null. */
	whole: null as number | null,
	/** Milliseconds by which the server's time was ahead of this phone's when it was last asked. */
	clockOff: 0,
});

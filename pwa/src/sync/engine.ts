/**
 * The engine: when to sync. Each run is one exchange with the server, or a few, and has an end; where
 * a network does not let exchanges through it is stock replication for a while. Whatever happens, the
 * records stay on this phone.
 */
import { clockOffset } from '../core/device';
import { account } from '../data/account';
import { addUse } from '../data/usage';
import { read } from '../data/work-store';
import { type Workspace, workspace } from '../data/workspace';
import { BrokenLine, Mangled } from './answer';
import { Detour } from './detour';
import { Run } from './http';
import { type Message, Tabs } from './leader';
import { Live } from './live';
import { backOff, EVERY_MS, regular, SELDOM_MS } from './pace';
import { readPosition } from './position';
import { exchangeRound } from './round';
import { status } from './status';
import { storeOf } from './taking';
import { isPassing, Trouble, troubleOf } from './trouble';

const AFTER_SAVE_MS = 1_500;
/** Phones of one grid hear of a change at the same moment. */
const AFTER_NEWS_MS = 500;
/** A run that takes longer may be ended by hand. */
const SLOW_MS = 4_000;

export { status };

class Engine {
	private tabs: Tabs | null = null;
	private timer: ReturnType<typeof setTimeout> | undefined;
	private run: Run | null = null;
	private failures = 0;
	private again = false;
	/** Nothing but the regular run is due. */
	private resting = false;
	private readonly detour = new Detour(localStorage);
	private readonly live = new Live({
		changed: (positions) => void this.hearOf(positions),
		opened: () => {
			if (this.resting) this.plan(0);
		},
		ask: () => this.request(Math.random() * AFTER_NEWS_MS),
	});

	/** Begin to sync for the open workspace. */
	async start(): Promise<void> {
		const space = workspace.value;
		if (!space) return;
		this.stop();
		status.clockOff = clockOffset();
		for (const grid of account.value?.grids ?? []) {
			const mark = await read<{ good?: number }>(space.account, 'marks', grid.code);
			if (mark?.good) status.good[grid.code] = mark.good;
		}
		this.tabs = new Tabs(
			space.account,
			(message) => this.hear(message, space),
			() => {
				status.leading = true;
				this.request(0);
			},
		);
		space.outbox.onChange = (key) => this.tabs?.tell({ kind: 'outbox', key });
		space.onSave = () => this.request(AFTER_SAVE_MS);
		document.addEventListener('visibilitychange', this.onVisible);
		window.addEventListener('online', this.onOnline);
		window.addEventListener('offline', this.onOffline);
	}

	stop(): void {
		clearTimeout(this.timer);
		this.live.close();
		this.tabs?.close();
		this.tabs = null;
		status.leading = false;
		status.whole = null;
		status.trouble = null;
		this.failures = 0;
		document.removeEventListener('visibilitychange', this.onVisible);
		window.removeEventListener('online', this.onOnline);
		window.removeEventListener('offline', this.onOffline);
	}

	/** Ask for a sync after `delay` ms; a tab that does not lead passes the wish on. */
	request(delay = 0): void {
		if (!this.tabs) return;
		if (!this.tabs.leading) {
			this.tabs.tell({ kind: 'wanted' });
			return;
		}
		if (status.running) {
			this.again = true;
			return;
		}
		this.resting = false;
		clearTimeout(this.timer);
		this.timer = setTimeout(() => void this.cycle(), delay);
	}

	/** End the run that is under way; what came stays. */
	endRun(): void {
		this.run?.stop();
	}

	private readonly onVisible = (): void => {
		if (document.visibilityState === 'visible') this.request(0);
		else this.live.close();
	};

	private readonly onOnline = (): void => {
		this.failures = 0;
		// It may be another network, without what mangled the exchanges of the last one.
		this.detour.end();
		this.request(300);
	};

	private readonly onOffline = (): void => this.live.close();

	private hear(message: Message, space: Workspace): void {
		if (message.kind === 'wanted') this.request(AFTER_SAVE_MS);
		if (message.kind === 'outbox') {
			const [grid = '', id = ''] = message.key.split('|');
			void space.outbox.reload(message.key).then(() => space.grid(grid).refresh(id));
		}
		if (message.kind === 'signed-out') location.reload();
	}

	/** Tell the other tabs that this account is gone from the phone. */
	tellSignedOut(): void {
		this.tabs?.tell({ kind: 'signed-out' });
	}

	/** The stream says where databases stand; what this phone has already is no news. */
	private async hearOf(positions: Record<string, string>): Promise<void> {
		const space = workspace.value;
		const known = account.value;
		if (!space || !known) return;
		const grids = new Set(known.grids.map(({ code }) => code));
		for (const [name, stands] of Object.entries(positions)) {
			const [kind, town = ''] = name.split('/');
			if (!grids.has(name) && !(kind === 'bulletin' && known.bulletins.includes(town))) continue;
			const { since } = await readPosition(storeOf(space, name).db, known.epoch);
			if (since === stands) continue;
			this.request(Math.random() * AFTER_NEWS_MS);
			return;
		}
	}

	private async cycle(): Promise<void> {
		const space = workspace.value;
		if (!space || status.running) return;
		status.running = true;
		this.again = false;
		const run = new Run();
		this.run = run;
		const begun = Date.now();
		const slow = setTimeout(() => {
			status.slow = true;
		}, SLOW_MS);
		let retryMs = 0;
		try {
			await this.round(run, space);
			this.failures = 0;
			status.trouble = null;
			status.whole = Date.now();
			if (document.visibilityState === 'visible' && this.tabs) this.live.open();
		} catch (error) {
			const trouble = troubleOf(error);
			if (trouble.kind !== 'stopped') this.failures += 1;
			status.trouble = trouble.kind === 'stopped' ? null : trouble.kind;
			retryMs = trouble.retryMs;
		} finally {
			run.end();
			clearTimeout(slow);
			this.run = null;
			const now = Date.now();
			await addUse(space.account, now, { ...run.moved, ms: now - begun }).catch(() => {});
			Object.assign(status, { running: false, slow: false, progress: null });
		}
		this.plan(retryMs);
	}

	private plan(retryMs: number): void {
		if (!this.tabs) return;
		const kind = status.trouble;
		if (kind && isPassing(kind)) this.request(Math.max(retryMs, backOff(this.failures)));
		else if (this.again) this.request(kind ? backOff(this.failures) : 200);
		else {
			this.request(regular(this.pause()));
			this.resting = true;
		}
	}

	/** News come by the stream; and nobody looks at an app that is hidden. */
	private pause(): number {
		const hidden = document.visibilityState !== 'visible';
		const waiting = workspace.value?.outbox.waiting().length;
		return this.live.connected || (hidden && !waiting) ? SELDOM_MS : EVERY_MS;
	}

	private async round(run: Run, space: Workspace): Promise<void> {
		if (!this.detour.active()) {
			try {
				await exchangeRound(run, space);
				this.detour.end();
				return;
			} catch (error) {
				if (error instanceof Mangled) this.detour.begin();
				else if (!(error instanceof BrokenLine)) throw error;
				else if (!this.detour.brokenLine()) throw new Trouble('cut');
			}
		}
		const { stockRound } = await import('./stock');
		await stockRound(run, space);
	}
}

export const engine = new Engine();

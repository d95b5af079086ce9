/**
 * The engine: when to sync, and one run through all databases. Never `live`: each run is one-shot,
 * begins by asking who is signed in (which also finds captive portals and a wrong account), pushes,
 * gets receipts, and pulls. Whatever happens, the records stay on this phone.
 */
import { reactive } from 'vue';
import { clockOffset, deviceId } from '../core/device';
import { account, rememberAccount, type Session } from '../data/account';
import { read, write } from '../data/work-store';
import { type Workspace, workspace } from '../data/workspace';
import { Run } from './http';
import { type Message, Tabs } from './leader';
import { backOff, regular } from './pace';
import { readSession } from './session';
import { confirm, learnOutcomes, type Progress, pull, push } from './transfer';
import { isPassing, Trouble, type TroubleKind, troubleOf } from './trouble';

const AFTER_SAVE_MS = 1_500;
/** After a push the server merges; look again for what came of it. */
const MERGE_LOOKS_MS = [2_500, 8_000];

interface Mark {
	key: string;
	epoch?: string;
	good?: number;
}

export const status = reactive({
	running: false,
	/** The grid that is being pulled for the first time, and how far it is. */
	progress: null as (Progress & { grid: string }) | null,
	trouble: null as TroubleKind | null,
	/** Last good sync per grid (ms since 1970). */
	good: {} as Record<string, number>,
	leading: false,
	/** Last good run through everything (ms since 1970), or null. */
	whole: null as number | null,
	/** Milliseconds by which the server's time was ahead of this phone's when it was last asked. */
	clockOff: 0,
});

class Engine {
	private tabs: Tabs | null = null;
	private timer: ReturnType<typeof setTimeout> | undefined;
	private looks: ReturnType<typeof setTimeout>[] = [];
	private failures = 0;
	private again = false;
	private pushedOnce = new Set<string>();

	/** Begin to sync for the open workspace. */
	async start(): Promise<void> {
		const space = workspace.value;
		if (!space) return;
		this.stop();
		status.clockOff = clockOffset();
		for (const grid of account.value?.grids ?? []) {
			const mark = await read<Mark>(space.account, 'marks', grid.code);
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
	}

	stop(): void {
		clearTimeout(this.timer);
		for (const look of this.looks) clearTimeout(look);
		this.tabs?.close();
		this.tabs = null;
		status.leading = false;
		status.whole = null;
		status.trouble = null;
		this.failures = 0;
		this.pushedOnce.clear();
		document.removeEventListener('visibilitychange', this.onVisible);
		window.removeEventListener('online', this.onOnline);
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
		clearTimeout(this.timer);
		this.timer = setTimeout(() => void this.cycle(), delay);
	}

	private readonly onVisible = (): void => {
		if (document.visibilityState === 'visible') this.request(0);
	};

	private readonly onOnline = (): void => {
		this.failures = 0;
		this.request(300);
	};

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

	private async cycle(): Promise<void> {
		const space = workspace.value;
		if (!space || status.running) return;
		status.running = true;
		this.again = false;
		const run = new Run();
		let received = 0;
		try {
			received = await this.round(run, space);
			this.failures = 0;
			status.trouble = null;
			status.whole = Date.now();
		} catch (error) {
			const trouble = troubleOf(error);
			this.failures += 1;
			status.trouble = trouble.kind;
		} finally {
			run.end();
			status.running = false;
			status.progress = null;
		}
		this.plan(received);
	}

	private plan(received: number): void {
		if (!this.tabs) return;
		const kind = status.trouble;
		if (this.again) this.request(kind ? backOff(this.failures) : 200);
		else this.request(kind && isPassing(kind) ? backOff(this.failures) : regular());
		if (!received) return;
		for (const look of this.looks) clearTimeout(look);
		this.looks = MERGE_LOOKS_MS.map((ms) => setTimeout(() => this.request(0), ms));
	}

	/** One run through everything; returns how many receipts came. A grid that is closed to us must
	 * not keep the others from syncing. */
	private async round(run: Run, space: Workspace): Promise<number> {
		const session = await readSession(run);
		status.clockOff = clockOffset();
		if (session.user.username !== space.account) throw new Trouble('other-account');
		let worst: Trouble | null = null;
		let received = await this.leaveLostGrids(run, space, session).catch((error: unknown) => {
			worst = forbiddenOnly(error);
			return 0;
		});
		rememberAccount(session);
		for (const grid of session.grids) {
			try {
				received += await this.syncGrid(run, space, grid.code, session.epoch);
			} catch (error) {
				worst = forbiddenOnly(error);
			}
		}
		for (const town of session.bulletins) {
			await pull(run, space.bulletin(town), `bulletin/${town}`).catch((error: unknown) => {
				if (run.trouble && run.trouble.kind !== 'forbidden') throw error;
			});
		}
		if (worst) throw worst;
		return received;
	}

	private async syncGrid(run: Run, space: Workspace, code: string, epoch: string): Promise<number> {
		const store = space.grid(code);
		await store.open();
		const mark = (await read<Mark>(space.account, 'marks', code)) ?? { key: code };
		// A server restored from a backup has a new epoch: compare everything, trust no checkpoint.
		const again = mark.epoch !== undefined && mark.epoch !== epoch;
		let received = 0;
		if (again || !this.pushedOnce.has(code) || space.outbox.waiting(code).length) {
			await push(run, store, space.outbox, { again });
			received = await confirm(run, store, space.outbox);
			this.pushedOnce.add(code);
		}
		const first = !mark.good;
		const onProgress = (progress: Progress) => {
			if (first) status.progress = { grid: code, ...progress };
		};
		await pull(run, store, code, { again, onProgress });
		const settled = await learnOutcomes(run, code, space.outbox, deviceId());
		for (const id of settled) await store.refresh(id);
		const good = Date.now();
		await write(space.account, 'marks', { key: code, epoch, good });
		status.good[code] = good;
		return received;
	}

	/** Grids that are no longer ours: hand in what is unsent (the server keeps it and says so), then
	 * remove their records from this phone. */
	private async leaveLostGrids(run: Run, space: Workspace, session: Session): Promise<number> {
		const now = new Set(session.grids.map((grid) => grid.code));
		const known = new Set([
			...(account.value?.grids ?? []).map((grid) => grid.code),
			...space.outbox.waiting().map((entry) => entry.grid),
			...space.outbox.refusals().map((entry) => entry.grid),
		]);
		let received = 0;
		for (const code of known) {
			if (now.has(code)) continue;
			if (space.outbox.waiting(code).length) {
				const store = space.grid(code);
				await store.open();
				await push(run, store, space.outbox);
				received += await confirm(run, store, space.outbox);
			}
			await learnOutcomes(run, code, space.outbox, deviceId());
			if (!space.outbox.waiting(code).length) await space.dropGrid(code);
		}
		return received;
	}
}

/** Let a refusal of one grid pass; any other trouble ends the run. */
function forbiddenOnly(error: unknown): Trouble {
	const trouble = troubleOf(error);
	if (trouble.kind !== 'forbidden') throw trouble;
	return trouble;
}

export const engine = new Engine();

/**
 * The way round an exchange that does not get through: stock one-shot PouchDB replication, a database
 * at a time. Each run begins by asking who is signed in, pushes, gets receipts, and pulls.
 */
import { clockOffset, deviceId } from '../core/device';
import { account, rememberAccount, type Session } from '../data/account';
import { read, write } from '../data/work-store';
import type { Workspace } from '../data/workspace';
import type { Run } from './http';
import { readSession } from './session';
import { type Progress, status } from './status';
import { confirm, learnOutcomes, pull, push } from './transfer';
import { Trouble, troubleOf } from './trouble';

interface Mark {
	key: string;
	epoch?: string;
	good?: number;
}

/** Databases whose unsent revisions were looked for since the app was opened. */
const pushedOnce = new Set<string>();

/** One run through everything. A grid that is closed to us must not keep the others from syncing. */
export async function stockRound(run: Run, space: Workspace): Promise<void> {
	const session = await readSession(run);
	status.clockOff = clockOffset();
	if (session.user.username !== space.account) throw new Trouble('other-account');
	let worst: Trouble | null = null;
	await leaveLostGrids(run, space, session).catch((error: unknown) => {
		worst = forbiddenOnly(error);
	});
	rememberAccount(session);
	for (const grid of session.grids) {
		try {
			await syncGrid(run, space, grid.code, session.epoch);
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
}

async function syncGrid(run: Run, space: Workspace, code: string, epoch: string): Promise<void> {
	const store = space.grid(code);
	await store.open();
	const mark = (await read<Mark>(space.account, 'marks', code)) ?? { key: code };
	// A server restored from a backup has a new epoch: compare everything, trust no checkpoint.
	const again = mark.epoch !== undefined && mark.epoch !== epoch;
	if (again || !pushedOnce.has(store.db.name) || space.outbox.waiting(code).length) {
		await push(run, store, space.outbox, { again });
		await confirm(run, store, space.outbox);
		pushedOnce.add(store.db.name);
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
}

/** Grids that are no longer ours: hand in what is unsent (the server keeps it and says so), then
 * remove their records from this phone. */
async function leaveLostGrids(run: Run, space: Workspace, session: Session): Promise<void> {
	const now = new Set(session.grids.map((grid) => grid.code));
	const known = new Set([
		...(account.value?.grids ?? []).map((grid) => grid.code),
		...space.outbox.waiting().map((entry) => entry.grid),
		...space.outbox.refusals().map((entry) => entry.grid),
	]);
	for (const code of known) {
		if (now.has(code)) continue;
		if (space.outbox.waiting(code).length) {
			const store = space.grid(code);
			await store.open();
			await push(run, store, space.outbox);
			await confirm(run, store, space.outbox);
		}
		await learnOutcomes(run, code, space.outbox, deviceId());
		if (!space.outbox.waiting(code).length) await space.dropGrid(code);
	}
}

/** Let a refusal of one grid pass; any other trouble ends the run. */
function forbiddenOnly(error: unknown): Trouble {
	const trouble = troubleOf(error);
	if (trouble.kind !== 'forbidden') throw trouble;
	return trouble;
}

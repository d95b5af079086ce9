/** One run through everything by exchanges: usually one request, more while something is left. */
import { deviceId } from '../core/device';
import { account, rememberAccount } from '../data/account';
import type { Workspace } from '../data/workspace';
import { FIRST_BYTES, halved, measured } from './budget';
import { type Asking, exchange } from './exchange';
import type { Run } from './http';
import { beginning, readPosition, writePosition } from './position';
import { storeOf, Taking } from './taking';
import { Trouble } from './trouble';
import { lacking, revisionKey, travelling, unsent } from './unsent';

const BUDGET = 'wangge.budget';
/** Documents in one request: as many as the server takes in at once. */
const MOST_DOCS = 500;

function budget(): number {
	return Number(localStorage.getItem(BUDGET)) || FIRST_BYTES;
}

/** Send what is unsent, and fetch what is new. Throws `Trouble`, `Mangled` and `BrokenLine`; what came
 * before that stands. */
export async function exchangeRound(run: Run, space: Workspace): Promise<void> {
	const sent = new Set<string>();
	for (;;) {
		const request = new Letter(run, space, sent);
		const taking = new Taking(space, account.value?.epoch ?? '');
		try {
			const asking = await request.build();
			const seen = await exchange(run, asking, (told, asked) => taking.take(told, asked));
			localStorage.setItem(BUDGET, String(measured(budget(), seen.bytes, seen.ms)));
		} catch (error) {
			const kind = run.trouble?.kind;
			if (kind === 'cut' || kind === 'silent') {
				localStorage.setItem(BUDGET, String(halved(budget())));
			}
			throw error;
		}
		const changed = await settle(space, taking);
		if (taking.more || request.full || changed) continue;
		if (account.value?.grids.some(({ code }) => taking.closed.has(code))) {
			throw new Trouble('forbidden');
		}
		return;
	}
}

/** Take over what the worker may work on now. Grids that are no longer his leave the phone when
 * nothing in them is unsent. Returns whether there is more to ask for. */
async function settle(space: Workspace, taking: Taking): Promise<boolean> {
	const now = taking.account ?? account.value;
	const mine = new Set(now?.grids.map(({ code }) => code));
	for (const code of gridsHere(space)) {
		if (mine.has(code) || space.outbox.waiting(code).length) continue;
		await space.dropGrid(code);
	}
	if (!taking.account || !taking.session) return false;
	const before = account.value;
	rememberAccount(taking.account, taking.session);
	const asked = new Set(before?.grids.map(({ code }) => code));
	const towns = new Set(before?.bulletins);
	const { grids, bulletins, epoch } = taking.account;
	return (
		epoch !== before?.epoch ||
		grids.some(({ code }) => !asked.has(code)) ||
		bulletins.some((town) => !towns.has(town))
	);
}

/** Grids of this worker, and lost ones in which something is unsent. */
function gridsHere(space: Workspace): Set<string> {
	return new Set([
		...(account.value?.grids.map(({ code }) => code) ?? []),
		...space.outbox.waiting().map(({ grid }) => grid),
		...space.openGrids().map((store) => store.grid),
	]);
}

/** Puts one request together. `sent`: revisions of this run that went out already. */
class Letter {
	/** Not all that is unsent found room. */
	full = false;
	private room = Math.max(1, budget() / 2);
	private places = MOST_DOCS;

	constructor(
		private readonly run: Run,
		private readonly space: Workspace,
		private readonly sent: Set<string>,
	) {}

	async build(): Promise<Asking> {
		const { outbox } = this.space;
		const databases: Asking['databases'] = {};
		for (const code of gridsHere(this.space)) databases[code] = await this.ofGrid(code);
		for (const town of account.value?.bulletins ?? []) {
			databases[`bulletin/${town}`] = await this.ofBulletin(`bulletin/${town}`);
		}
		const refused = outbox.refusals().flatMap(({ quarantine }) => quarantine ?? []);
		return {
			v: 1,
			session: account.value?.session ?? null,
			user: this.space.account,
			budget: budget(),
			databases,
			...(refused.length ? { refused } : {}),
		};
	}

	private async ofBulletin(name: string): Promise<Asking['databases'][string]> {
		const epoch = account.value?.epoch ?? '';
		const { db } = storeOf(this.space, name);
		let position = await readPosition(db, epoch);
		if (position.epoch !== epoch) {
			position = beginning(epoch);
			await writePosition(db, position);
		}
		return { since: position.since, ...(position.first ? { fresh: true as const } : {}) };
	}

	private async ofGrid(code: string): Promise<Asking['databases'][string]> {
		const epoch = account.value?.epoch ?? '';
		const store = this.space.grid(code);
		await store.open();
		let position = await readPosition(store.db, epoch);
		if (position.epoch !== epoch) {
			position = beginning(epoch, await lacking(this.run, store));
			await writePosition(store.db, position);
		}
		const docs: object[] = [];
		for (const one of await unsent(store, this.space.outbox, deviceId(), position.owed)) {
			const key = `${code} ${revisionKey(one)}`;
			if (this.sent.has(key)) continue;
			if (this.places < 1 || this.room < 1) {
				this.full = true;
				break;
			}
			const doc = await travelling(store.db, one);
			this.sent.add(key);
			if (!doc) continue;
			docs.push(doc);
			this.places -= 1;
			this.room -= JSON.stringify(doc).length;
		}
		const { since } = position;
		if (docs.length) return { since, docs };
		// Only a database in which nothing was ever written here can do without histories.
		return position.first && !this.space.outbox.knows(code) ? { since, fresh: true } : { since };
	}
}

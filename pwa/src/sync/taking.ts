/** Takes an exchange's answer in, line by line: receipts into the outbox, documents into the
 * databases, and after them the position. What was taken in stands, also when the rest is cut. */
import { clockOffset, learnOffset } from '../core/device';
import type { GridStore } from '../data/grid-store';
import { read, write } from '../data/work-store';
import type { Workspace } from '../data/workspace';
import type { AccountView, Receipt, Told } from './answer';
import { beginning, type Position, readPosition, writePosition } from './position';
import { status } from './status';
import { Trouble, troubleOf } from './trouble';
import { revisionKey } from './unsent';

/** A database by its name in the exchange: `44090…` or `bulletin/44090…`. */
export function storeOf(space: Workspace, name: string): GridStore {
	const [kind, town] = name.split('/');
	return kind === 'bulletin' && town ? space.bulletin(town) : space.grid(name);
}

type Segment = Extract<Told, { kind: 'segment' }>;
type Outcome = Extract<Told, { kind: 'outcome' }>;

export class Taking {
	/** Who is signed in, when the server said so because it is news. */
	account: AccountView | null = null;
	session: string | null = null;
	/** Databases that are not open to this worker. */
	readonly closed = new Set<string>();
	/** Something is left: ask again at once. */
	more = false;

	constructor(
		private readonly space: Workspace,
		private epoch: string,
	) {}

	async take(told: Told, asked: number): Promise<void> {
		switch (told.kind) {
			case 'hello':
				return this.greet(told, asked);
			case 'receipts':
				return this.settle(told.database, told.receipts);
			case 'outcome':
				return this.hearOutcome(told);
			case 'segment':
				return this.keep(told);
			case 'closed':
				return this.close(told.database, told.status);
			case 'bye':
				this.more ||= told.more;
		}
	}

	private greet(told: Extract<Told, { kind: 'hello' }>, asked: number): void {
		learnOffset(told.time, asked, Date.now());
		status.clockOff = clockOffset();
		this.session = told.session;
		if (!told.account) return;
		if (told.account.user.username !== this.space.account) throw new Trouble('other-account');
		this.account = told.account;
		this.epoch = told.account.epoch;
	}

	private async settle(name: string, receipts: Receipt[]): Promise<void> {
		const { outbox } = this.space;
		for (const { id, rev, refused } of receipts) {
			const entry = outbox.get(name, id);
			if (refused) await outbox.refused(name, id, rev, refused);
			else if (entry?.state === 'waiting' && entry.rev === rev) await outbox.received(entry);
		}
		const { db } = storeOf(this.space, name);
		const position = await readPosition(db, this.epoch);
		if (!position.owed.length) return;
		const done = new Set(receipts.map(revisionKey));
		const owed = position.owed.filter((one) => !done.has(revisionKey(one)));
		await writePosition(db, { ...position, owed });
	}

	private async hearOutcome(told: Outcome): Promise<void> {
		const { outbox } = this.space;
		const entry = outbox.refusals().find(({ quarantine }) => quarantine === told.quarantine);
		if (!entry) return;
		await outbox.settledByPerson(entry, told.status, told.closed?.note ?? undefined);
		// Of a grid that is gone only the outbox is left.
		if (this.space.has(entry.grid)) await this.space.grid(entry.grid).refresh(entry.id);
	}

	private async keep({ database, docs, since, left }: Segment): Promise<void> {
		const { db } = storeOf(this.space, database);
		if (docs.length) {
			const faults = await db.bulkDocs(docs, { new_edits: false });
			const fault = faults.find(({ error }) => error);
			if (fault) throw troubleOf(fault);
		}
		const before = await readPosition(db, this.epoch);
		// A position from before the server was restored says nothing any more.
		if (before.epoch !== this.epoch) return;
		const done = before.done + docs.length;
		const after: Position = {
			...before,
			since: since ?? before.since,
			first: before.first && left !== null,
			done: before.first ? done : 0,
		};
		if (since !== undefined || before.first) await writePosition(db, after);
		if (database.includes('/')) return;
		if (left === null) await this.inStep(database);
		else if (before.first) status.progress = { grid: database, done, pending: left };
	}

	private async inStep(grid: string): Promise<void> {
		status.progress = null;
		const mark = await read<object>(this.space.account, 'marks', grid);
		const good = Date.now();
		await write(this.space.account, 'marks', { ...mark, key: grid, good });
		status.good[grid] = good;
	}

	private async close(name: string, code: number): Promise<void> {
		if (code !== 400) {
			this.closed.add(name);
			return;
		}
		// The server does not know the position (any more): from the beginning.
		const { db } = storeOf(this.space, name);
		const { owed } = await readPosition(db, this.epoch);
		await writePosition(db, beginning(this.epoch, owed));
		this.more = true;
	}
}

/** Who works on this phone. Known after one sign-in online, and then without a connection too. */
import { ref } from 'vue';

export interface Grid {
	code: string;
	name: string;
	level: number;
	path: string[];
	path_names: string[];
	/** Grids of this worker that were split, merged or closed and that this one stands for now. */
	took_over?: string[];
}

/** A grid that is gone, told on the first page until the worker has read it. */
export interface GridChange {
	from: string;
	to: string[];
}

/** What `/api/v1/session` answers. */
export interface Session {
	user: { username: string; name: string; role: string };
	device: string | null;
	grids: Grid[];
	bulletins: string[];
	server_time: string;
	epoch: string;
}

export interface Account {
	username: string;
	name: string;
	role: string;
	grids: Grid[];
	bulletins: string[];
	epoch: string;
	/** The server's mark for all this, sent back to it: it tells only what is news. */
	session?: string;
}

const ACCOUNT = 'wangge.account';
const GRID = 'wangge.grid';
const CHANGE = 'wangge.grid-change';

function kept<T>(name: string, member: string): T | null {
	try {
		const found: unknown = JSON.parse(localStorage.getItem(name) ?? 'null');
		return found && typeof found === 'object' && member in found ? (found as T) : null;
	} catch {
		return null;
	}
}

/** The account that this phone works for, or `null` before the first sign-in. */
export const account = ref<Account | null>(kept(ACCOUNT, 'username'));
/** The grid that is shown. */
export const currentGrid = ref<string>(localStorage.getItem(GRID) ?? '');

/** What became of a grid that this worker had, until he has read it. */
export const gridChange = ref<GridChange | null>(kept(CHANGE, 'from'));

export function readGridChange(): void {
	localStorage.removeItem(CHANGE);
	gridChange.value = null;
}

/** Go on in the grids that took over from one that is gone, and say so. */
function followSuccessors(before: Grid[], now: Grid[]): void {
	for (const gone of before.filter(({ code }) => !now.some((grid) => grid.code === code))) {
		const heirs = now.filter((grid) => grid.took_over?.includes(gone.code));
		const [first] = heirs;
		if (!first) continue;
		gridChange.value = { from: gone.name, to: heirs.map((grid) => grid.name) };
		localStorage.setItem(CHANGE, JSON.stringify(gridChange.value));
		if (currentGrid.value === gone.code) chooseGrid(first.code);
	}
}

/** Keep who works here; `mark` when an exchange said so. */
export function rememberAccount(session: Omit<Session, 'server_time'>, mark?: string): Account {
	const before = account.value?.username === session.user.username ? account.value.grids : [];
	const known: Account = {
		username: session.user.username,
		name: session.user.name,
		role: session.user.role,
		grids: session.grids,
		bulletins: session.bulletins,
		epoch: session.epoch,
		...(mark ? { session: mark } : {}),
	};
	localStorage.setItem(ACCOUNT, JSON.stringify(known));
	account.value = known;
	followSuccessors(before, known.grids);
	if (!known.grids.some((grid) => grid.code === currentGrid.value)) {
		chooseGrid(known.grids[0]?.code ?? '');
	}
	return known;
}

export function chooseGrid(code: string): void {
	localStorage.setItem(GRID, code);
	currentGrid.value = code;
}

/** Forget who worked here; his databases are destroyed by the caller. */
export function forgetAccount(): void {
	localStorage.removeItem(ACCOUNT);
	localStorage.removeItem(GRID);
	readGridChange();
	account.value = null;
	currentGrid.value = '';
}

export function gridName(code: string): string {
	return account.value?.grids.find((grid) => grid.code === code)?.name ?? code;
}

/** Who works on this phone. Known after one sign-in online, and then without a connection too. */
import { ref } from 'vue';

export interface Grid {
	code: string;
	name: string;
	level: number;
	path: string[];
	path_names: string[];
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
}

const ACCOUNT = 'wangge.account';
const GRID = 'wangge.grid';

function load(): Account | null {
	try {
		const found: unknown = JSON.parse(localStorage.getItem(ACCOUNT) ?? 'null');
		return found && typeof found === 'object' && 'username' in found ? (found as Account) : null;
	} catch {
		return null;
	}
}

/** The account that this phone works for, or `null` before the first sign-in. */
export const account = ref<Account | null>(load());
/** The grid that is shown. */
export const currentGrid = ref<string>(localStorage.getItem(GRID) ?? '');

export function rememberAccount(session: Session): Account {
	const known: Account = {
		username: session.user.username,
		name: session.user.name,
		role: session.user.role,
		grids: session.grids,
		bulletins: session.bulletins,
		epoch: session.epoch,
	};
	localStorage.setItem(ACCOUNT, JSON.stringify(known));
	account.value = known;
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
	account.value = null;
	currentGrid.value = '';
}

export function gridName(code: string): string {
	return account.value?.grids.find((grid) => grid.code === code)?.name ?? code;
}

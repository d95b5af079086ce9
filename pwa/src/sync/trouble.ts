/** What can go wrong between phone and server, told apart so that each is said in plain words. */
export type TroubleKind =
	| 'offline' // no connection at all
	| 'captive' // a network that asks to sign in on its own page first
	| 'signed-out' // the session has expired
	| 'other-account' // this browser is signed in as somebody else
	| 'forbidden' // the grid is not ours any more
	| 'cut' // the answer broke off
	| 'silent' // no progress for too long
	| 'stopped' // the person ended it
	| 'server' // the server has a fault or is being restarted
	| 'full' // no room left on the phone
	| 'storage'; // the phone's database does not answer

export class Trouble extends Error {
	constructor(
		readonly kind: TroubleKind,
		readonly detail = '',
		/** Milliseconds after which the server wants to be asked again, if it said so. */
		readonly retryMs = 0,
	) {
		super(detail || kind);
		this.name = 'Trouble';
	}
}

/** Troubles that another try soon may get over. */
export function isPassing(kind: TroubleKind): boolean {
	return kind !== 'signed-out' && kind !== 'other-account' && kind !== 'full';
}

/** Name the trouble behind any error of a transfer. */
export function troubleOf(error: unknown): Trouble {
	if (error instanceof Trouble) return error;
	const {
		name = '',
		message = '',
		reason = '',
		status,
	} = error as {
		name?: string;
		message?: string;
		reason?: string;
		status?: number;
	};
	const text = `${name} ${message} ${reason}`;
	if (/quota/i.test(text)) return new Trouble('full', text);
	if (status === 401) return new Trouble('signed-out', text);
	if (status === 403) return new Trouble('forbidden', text);
	if (/SyntaxError|JSON/.test(text)) return new Trouble('cut', text);
	if (/indexed|InvalidState|_connection_|database/i.test(text)) return new Trouble('storage', text);
	return new Trouble('server', text);
}

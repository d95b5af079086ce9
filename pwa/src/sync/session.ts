/** Signing in and out, and asking who is signed in. */

import { deviceId, learnOffset, restoreDeviceId } from '../core/device';
import {
	type Account,
	account,
	forgetAccount,
	rememberAccount,
	type Session,
} from '../data/account';
import { openWorkspace, workspace } from '../data/workspace';
import { askJson, Run } from './http';
import { Trouble } from './trouble';

const URL_ = '/api/v1/session';

/** Why a sign-in was refused: `title` is the server's sentence. */
export class SignInRefused extends Error {
	constructor(
		readonly code: string,
		title: string,
	) {
		super(title);
	}
}

export async function signIn(username: string, password: string): Promise<Account> {
	const asked = Date.now();
	let response: Response;
	try {
		response = await fetch(URL_, {
			method: 'POST',
			headers: { 'content-type': 'application/json', accept: 'application/json' },
			body: JSON.stringify({ username, password, device: deviceId() }),
			signal: timeoutSignal(20_000),
		});
	} catch {
		throw new Trouble('offline');
	}
	const body = (await response.json().catch(() => {
		throw new Trouble(response.status >= 500 ? 'server' : 'captive');
	})) as Session & { code?: string; title?: string; detail?: string; type?: string };
	if (!response.ok) {
		if (response.status >= 500) throw new Trouble('server');
		throw new SignInRefused(body.code ?? String(response.status), body.detail ?? body.title ?? '');
	}
	learnOffset(body.server_time, asked, Date.now());
	const known = rememberAccount(body);
	await openWorkspace(known.username);
	return known;
}

function timeoutSignal(ms: number): AbortSignal {
	const controller = new AbortController();
	setTimeout(() => controller.abort(), ms);
	return controller.signal;
}

/** Ask the server who is signed in; learns the server's time on the way. */
export async function readSession(run: Run): Promise<Session> {
	const asked = Date.now();
	const session = await askJson<Session>(run, URL_);
	if (!session?.user?.username || !Array.isArray(session.grids)) throw new Trouble('captive');
	learnOffset(session.server_time, asked, Date.now());
	return session;
}

/**
 * Find out whether the browser emptied this phone's storage: nothing is here, but the server still
 * knows a session of this browser. Returns that session.
 */
export async function findEvicted(): Promise<Session | null> {
	if (account.value) return null;
	const run = new Run(8_000);
	try {
		const session = await readSession(run);
		if (session.device) restoreDeviceId(session.device);
		return session;
	} catch {
		return null;
	} finally {
		run.end();
	}
}

/** Sign out and remove this account's records from the phone. The caller has made sure that
 * nothing is unsent. Needs a connection, else the session would live on. */
export async function signOut(): Promise<void> {
	const response = await fetch(URL_, { method: 'DELETE' }).catch(() => {
		throw new Trouble('offline');
	});
	if (!response.ok && response.status !== 401) throw new Trouble('server');
	await workspace.value?.destroy();
	workspace.value = null;
	forgetAccount();
}

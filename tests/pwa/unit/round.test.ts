// @vitest-environment jsdom
import 'fake-indexeddb/auto';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { account, rememberAccount } from '../../../pwa/src/data/account';
import { Workspace } from '../../../pwa/src/data/workspace';
import { type AccountView, BrokenLine, Mangled } from '../../../pwa/src/sync/answer';
import type { Asking } from '../../../pwa/src/sync/exchange';
import { Run } from '../../../pwa/src/sync/http';
import { exchangeRound } from '../../../pwa/src/sync/round';
import { type Trouble, troubleOf } from '../../../pwa/src/sync/trouble';

const GRID = '44090400400100104';
const OTHER = '44090400400100105';
const NDJSON = { 'content-type': 'application/x-ndjson' };

function view(grids = [GRID], epoch = 'e1', username = 'worker1'): AccountView {
	return {
		user: { username, name: '黄水生', role: 'gridworker' },
		device: 'aaaaaaa1',
		grids: grids.map((code) => ({ code, name: code, level: 5, path: [code], path_names: [code] })),
		bulletins: [],
		epoch,
	};
}

function hello(session = 's1', news?: AccountView): object {
	const time = new Date().toISOString();
	return { hello: { time, session, ...(news ? { account: news } : {}) } };
}

function household(n: number, rev = '1-a') {
	return { doc: { _id: `household:${n}`, _rev: rev, type: 'household', grid: GRID } };
}

type Answer = object[] | Response;
let space: Workspace;
let asked: Asking[];
let answers: (Answer | ((asking: Asking) => Answer))[];

function body(options: RequestInit): Asking {
	const sent = options.body as string | Uint8Array;
	return JSON.parse(typeof sent === 'string' ? sent : gunzipSync(sent).toString());
}

function lines(all: object[]): Response {
	const text = all.map((line) => `${JSON.stringify(line)}\n`).join('');
	return new Response(text, { headers: NDJSON });
}

beforeEach(async () => {
	localStorage.clear();
	rememberAccount(view(), 's1');
	space = new Workspace('worker1');
	await space.open();
	asked = [];
	answers = [];
	vi.stubGlobal('fetch', async (url: string, options: RequestInit) => {
		if (url !== '/sync/_exchange') throw new Error(`not expected: ${url}`);
		const asking = body(options);
		asked.push(asking);
		const next = answers.shift();
		const answer = typeof next === 'function' ? next(asking) : next;
		if (!answer) throw new TypeError('no answer');
		return answer instanceof Response ? answer : lines(answer);
	});
});

afterEach(async () => {
	vi.unstubAllGlobals();
	await space.destroy();
});

async function round(): Promise<void> {
	const run = new Run(5_000);
	try {
		await exchangeRound(run, space);
	} finally {
		run.end();
	}
}

async function trouble(): Promise<Trouble> {
	return round().then(
		() => {
			throw new Error('no trouble');
		},
		(error: unknown) => {
			if (error instanceof Mangled || error instanceof BrokenLine) throw error;
			return troubleOf(error);
		},
	);
}

async function ids(): Promise<string[]> {
	const { rows } = await space.grid(GRID).db.allDocs();
	return rows.map(({ id }) => id);
}

function of(n: number) {
	return asked[n]?.databases[GRID];
}

test('one request brings what is new, and the next one goes on from there', async () => {
	answers.push(
		[hello(), household(1), { mark: GRID, since: '1-x', left: 1 }, { bye: { more: true } }],
		[hello(), household(2), { end: GRID, since: '2-x' }, { bye: {} }],
		[hello(), { end: GRID }, { bye: {} }],
	);
	await round();
	await round();
	expect(await ids()).toEqual(['household:1', 'household:2']);
	expect(of(0)).toEqual({ since: null, fresh: true });
	expect(of(1)).toEqual({ since: '1-x', fresh: true });
	expect(of(2)).toEqual({ since: '2-x' });
	expect(asked.map(({ session, user }) => [session, user])).toEqual(
		Array(3).fill(['s1', 'worker1']),
	);
});

test('an answer cut anywhere keeps its whole segments, and a repeated one changes nothing', async () => {
	const first = [household(1), household(2), { mark: GRID, since: '1-x', left: 2 }];
	const whole = [hello(), ...first, household(3), { end: GRID, since: '2-x' }];
	answers.push([hello(), ...first, household(3)], whole, [...whole, { bye: {} }]);
	expect((await trouble()).kind).toBe('cut');
	expect(await ids()).toEqual(['household:1', 'household:2']);
	expect((await trouble()).kind).toBe('cut');
	const before = await space.grid(GRID).db.allDocs({ include_docs: true });
	await round();
	expect(await space.grid(GRID).db.allDocs({ include_docs: true })).toEqual(before);
	expect([of(0)?.since, of(1)?.since, of(2)?.since]).toEqual([null, '1-x', '2-x']);
});

test('receipts settle the outbox: stored, merged, refused with its reason', async () => {
	const saved: string[] = [];
	for (const note of ['甲', '乙', '丙']) saved.push(await space.create(GRID, 'event', { note }));
	const outcome = { error: 'forbidden', reason: '地址太长', code: 'invalid', field: 'note' };
	answers.push((asking) => {
		const docs = asking.databases[GRID]?.docs as { _id: string; _rev: string }[];
		const receipts = docs.map(({ _id, _rev }, n) => {
			const receipt = { id: _id, rev: _rev };
			if (n === 2) return { ...receipt, refused: { ...outcome, quarantine: 'refused:1' } };
			return { ...receipt, stored: true, ...(n ? { merged: '2-m' } : {}) };
		});
		return [hello(), { receipts, of: GRID }, { end: GRID, since: '3-x' }, { bye: {} }];
	});
	await round();
	// Documents travel with their ancestors, and a grid that was written in is not fresh.
	expect(of(0)?.docs?.every((doc) => '_revisions' in doc)).toBe(true);
	expect(of(0)).not.toHaveProperty('fresh');
	const states = saved.map((id) => space.outbox.get(GRID, id));
	expect(states.map((entry) => entry?.state)).toEqual(['received', 'received', 'refused']);
	expect(states[2]).toMatchObject({ reason: '地址太长', field: 'note', quarantine: 'refused:1' });

	// The outcome of a refusal is asked for until a supervisor has settled it.
	const settled = { quarantine: 'refused:1', status: 'closed', closed: { note: '见过了' } };
	answers.push([hello(), { outcome: settled }, { end: GRID }, { bye: {} }]);
	await round();
	expect(asked[1]?.refused).toEqual(['refused:1']);
	expect(of(1)).toEqual({ since: '3-x' });
	expect(space.outbox.get(GRID, saved[2] as string)).toMatchObject({
		outcome: 'closed',
		note: '见过了',
	});
});

test('an edit made while the request is under way keeps waiting', async () => {
	const id = await space.create(GRID, 'event', { note: '甲' });
	const sent = space.outbox.get(GRID, id)?.rev as string;
	await space.edit(GRID, await space.grid(GRID).db.get(id), { note: '乙' });
	const receipts = [{ id, rev: sent, stored: true }];
	answers.push([hello(), { receipts, of: GRID }, { end: GRID, since: '1-x' }, { bye: {} }]);
	await round();
	expect(space.outbox.get(GRID, id)?.state).toBe('waiting');
});

test('a receipt counts although the rest of the answer was cut', async () => {
	const id = await space.create(GRID, 'event', { note: '甲' });
	const rev = space.outbox.get(GRID, id)?.rev;
	answers.push([hello(), { receipts: [{ id, rev, stored: true }], of: GRID }]);
	expect((await trouble()).kind).toBe('cut');
	expect(space.outbox.get(GRID, id)?.state).toBe('received');
});

test('much unsent work goes in several requests, each revision once', async () => {
	localStorage.setItem('wangge.budget', '8192');
	for (let n = 0; n < 8; n += 1) await space.create(GRID, 'event', { note: '长'.repeat(400) });
	const reply = (asking: Asking) => {
		const docs = (asking.databases[GRID]?.docs ?? []) as { _id: string; _rev: string }[];
		const receipts = docs.map(({ _id, _rev }) => ({ id: _id, rev: _rev, stored: true }));
		return [hello(), { receipts, of: GRID }, { end: GRID, since: '1-x' }, { bye: {} }];
	};
	for (let n = 0; n < 9; n += 1) answers.push(reply);
	await round();
	expect(asked.length).toBeGreaterThan(1);
	const sent = asked.flatMap((one) => (one.databases[GRID]?.docs ?? []) as { _id: string }[]);
	expect(new Set(sent.map(({ _id }) => _id)).size).toBe(8);
	expect(sent).toHaveLength(8);
	expect(space.outbox.waiting()).toEqual([]);
});

test('a grid that is given is fetched at once; one that is taken leaves when its edits have receipts', async () => {
	const id = await space.create(GRID, 'event', { note: '甲' });
	const rev = space.outbox.get(GRID, id)?.rev;
	const refused = { error: 'forbidden', reason: '您已不负责这个网格', quarantine: 'refused:1' };
	answers.push(
		[
			hello('s2', view([OTHER])),
			{ receipts: [{ id, rev, refused }], of: GRID },
			{ closed: GRID, status: 403, error: 'forbidden', reason: '' },
			{ bye: {} },
		],
		[hello('s2'), { end: OTHER, since: '1-x' }, { bye: {} }],
	);
	await round();
	expect(space.outbox.get(GRID, id)).toMatchObject({ state: 'refused', doc: { note: '甲' } });
	expect(space.has(GRID)).toBe(false);
	expect(asked[1]).toMatchObject({ session: 's2', databases: { [OTHER]: { since: null } } });
	expect(Object.keys(asked[1]?.databases ?? {})).toEqual([OTHER]);
	// Back again, it begins anew: nothing of its old position is left.
	answers.push(
		[hello('s3', view([OTHER, GRID])), { end: OTHER }, { bye: {} }],
		[hello('s3'), { end: OTHER }, { end: GRID, since: '9-x' }, { bye: {} }],
	);
	await round();
	expect(asked[3]?.databases[GRID]).toEqual({ since: null });
});

test('a restored server gets again what it lacks, and positions from before are not believed', async () => {
	answers.push([hello(), household(1), household(2), { end: GRID, since: '5-x' }, { bye: {} }]);
	await round();
	const fake = globalThis.fetch;
	vi.stubGlobal('fetch', async (url: string, options: RequestInit) => {
		if (!url.endsWith('/_revs_diff')) return fake(url, options);
		expect(url).toBe(`/sync/${GRID}/_revs_diff`);
		const missing = { 'household:2': { missing: ['1-a'] } };
		return new Response(JSON.stringify(missing), {
			headers: { 'content-type': 'application/json' },
		});
	});
	answers.push(
		[hello('s2', view([GRID], 'e2')), { end: GRID, since: '99-old' }, { bye: {} }],
		// Cut before the receipt: it is owed still.
		[hello('s2'), household(1), { mark: GRID, since: '~1', left: 1 }],
		[
			hello('s2'),
			{ receipts: [{ id: 'household:2', rev: '1-a', stored: true }], of: GRID },
			{ end: GRID, since: '1-y' },
			{ bye: {} },
		],
		[hello('s2'), { end: GRID }, { bye: {} }],
	);
	expect((await trouble()).kind).toBe('cut');
	await round();
	await round();
	const offered = asked.slice(2).map((one) => one.databases[GRID]);
	expect(offered.map((one) => one?.since)).toEqual([null, '~1', '1-y']);
	expect(offered.map((one) => one?.docs?.length)).toEqual([1, 1, undefined]);
	expect(offered[1]?.docs?.[0]).toMatchObject({ _id: 'household:2', _rev: '1-a' });
	expect(await ids()).toEqual(['household:1', 'household:2']);
});

test('a position that the server does not know is forgotten', async () => {
	answers.push(
		[hello(), household(1), { end: GRID, since: '5-x' }, { bye: {} }],
		[hello(), { closed: GRID, status: 400, error: 'bad_request', reason: '' }, { bye: {} }],
		[hello(), household(1), { end: GRID, since: '1-y' }, { bye: {} }],
	);
	await round();
	await round();
	expect([of(1)?.since, of(2)?.since]).toEqual(['5-x', null]);
});

test('another account in this browser is noticed, and nothing is believed', async () => {
	answers.push([hello('s9', view([OTHER], 'e1', 'worker2')), { bye: {} }]);
	expect((await trouble()).kind).toBe('other-account');
	expect(account.value?.grids.map(({ code }) => code)).toEqual([GRID]);
	const refusal = JSON.stringify({ error: 'forbidden', code: 'other-account' });
	const headers = { 'content-type': 'application/json' };
	answers.push(new Response(refusal, { status: 403, headers }));
	expect((await trouble()).kind).toBe('other-account');
});

test('each head of an answer has its name', async () => {
	const html = { 'content-type': 'text/html; charset=utf-8' };
	const json = { 'content-type': 'application/json' };
	const named: [Response, Trouble['kind']][] = [
		[new Response('<html>', { headers: html }), 'captive'],
		[new Response('{}', { status: 401, headers: json }), 'signed-out'],
		[new Response('{}', { status: 503, headers: { ...json, 'retry-after': '7' } }), 'server'],
		[new Response('{}', { status: 429, headers: json }), 'server'],
	];
	for (const [answer, kind] of named) {
		answers.push(answer);
		const told = await trouble();
		expect(told.kind).toBe(kind);
		if (answer.status === 503) expect(told.retryMs).toBe(7_000);
	}
	expect((await trouble()).kind).toBe('offline');
	answers.push([hello(), { failed: { status: 500 } }]);
	expect((await trouble()).kind).toBe('server');
});

test('what cannot be an exchange’s answer is told apart from a bad network', async () => {
	const other = { 'content-type': 'application/octet-stream' };
	for (const answer of [
		new Response('repacked', { headers: other }),
		new Response('{"rows":[]}\n', { headers: NDJSON }),
		new Response('', { headers: NDJSON }),
		new Response('{}', { status: 405, headers: { 'content-type': 'application/json' } }),
	]) {
		answers.push(answer);
		await expect(round()).rejects.toThrow(Mangled);
	}
	answers.push(new Response(`${JSON.stringify(hello())}\n{"doc":\n`, { headers: NDJSON }));
	await expect(round()).rejects.toThrow(BrokenLine);
});

test('the person may end a run; what came stays', async () => {
	const encoder = new TextEncoder();
	const run = new Run(5_000);
	vi.stubGlobal('fetch', async (_url: string, { signal }: RequestInit) => {
		const stream = new ReadableStream<Uint8Array>({
			start(controller) {
				const part = [hello(), household(1), { mark: GRID, since: '1-x', left: 9 }];
				const text = part.map((line) => `${JSON.stringify(line)}\n`).join('');
				controller.enqueue(encoder.encode(text));
				signal?.addEventListener('abort', () => controller.error(new Error('aborted')));
			},
		});
		return new Response(stream, { headers: NDJSON });
	});
	const ended = exchangeRound(run, space).catch((error: unknown) => troubleOf(error).kind);
	await vi.waitFor(async () => expect(await ids()).toEqual(['household:1']));
	run.stop();
	expect(await ended).toBe('stopped');
	run.end();
	expect(await ids()).toEqual(['household:1']);
});

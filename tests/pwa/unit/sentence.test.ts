// @vitest-environment jsdom
import 'fake-indexeddb/auto';
import { beforeEach, expect, test } from 'vitest';
import { rememberAccount, type Session } from '../../../pwa/src/data/account';
import type { OutboxEntry } from '../../../pwa/src/data/outbox';
import { openWorkspace, work } from '../../../pwa/src/data/workspace';
import { chooseLanguage } from '../../../pwa/src/i18n';
import { status } from '../../../pwa/src/sync/engine';
import type { TroubleKind } from '../../../pwa/src/sync/trouble';
import { sentence } from '../../../pwa/src/use/sentence';

const GRID = '44090400400100104';
const session: Session = {
	user: { username: 'worker1', name: '黄水生', role: 'gridworker' },
	device: 'aaaaaaa1',
	grids: [{ code: GRID, name: '滨海绿洲4栋', level: 5, path: [GRID], path_names: ['滨海绿洲4栋'] }],
	bulletins: [],
	server_time: '2026-11-24T08:00:00.000Z',
	epoch: 'e',
};

function unsent(id: string, state: OutboxEntry['state']): void {
	const key = `${GRID}|${id}`;
	const entry = { key, grid: GRID, id, at: '', rev: '2-a', base: null, saved: 1, state };
	work().outbox.entries.set(key, entry);
}

beforeEach(async () => {
	chooseLanguage('zh');
	rememberAccount(session);
	await openWorkspace('worker1');
	work().outbox.entries.clear();
	Object.assign(status, { running: false, progress: null, trouble: null, whole: null, good: {} });
});

test('in step with the server, and since when', () => {
	status.good[GRID] = new Date(2026, 10, 24, 10, 32).getTime();
	expect(sentence.value).toMatchObject({ tone: 'good', icon: 'synced' });
	expect(sentence.value.text).toMatch(/^全部已同步 · .*10:32$/);
});

test('whoever has no grid is in step when the server has been heard', () => {
	rememberAccount({ ...session, grids: [] });
	expect(sentence.value.tone).toBe('busy');
	status.whole = Date.now();
	expect(sentence.value.tone).toBe('good');
});

test('a first download says how far it is', () => {
	status.running = true;
	status.progress = { grid: GRID, done: 50, pending: 150 };
	expect(sentence.value).toMatchObject({ tone: 'busy', part: 0.25 });
	expect(sentence.value.text).toBe('正在下载“滨海绿洲4栋”：已有 50 条，还有 150 条');
});

test('what waits is counted, said to be safe, and going up when it goes', () => {
	unsent('event:1', 'waiting');
	unsent('event:2', 'waiting');
	status.trouble = 'offline';
	expect(sentence.value).toMatchObject({ tone: 'waiting', help: 'unsent' });
	expect(sentence.value.text).toBe('2 条待同步，联网后自动上传，数据已存在本机');
	Object.assign(status, { trouble: null, running: true });
	expect(sentence.value).toMatchObject({ tone: 'busy', icon: 'uploading' });
});

test('what was given back comes before “all synced”', () => {
	status.good[GRID] = Date.now();
	unsent('event:1', 'refused');
	expect(sentence.value).toMatchObject({ tone: 'bad', icon: 'refused', help: 'unsent' });
	const entry = work().outbox.get(GRID, 'event:1') as OutboxEntry;
	work().outbox.entries.set(entry.key, { ...entry, outcome: 'accepted' });
	expect(sentence.value.tone).toBe('good');
});

test('every trouble says that the data is safe, and never that all is well', () => {
	const kinds: Record<Exclude<TroubleKind, 'offline' | 'stopped'>, RegExp> = {
		captive: /要先在它的网页上登录/,
		'signed-out': /请重新登录/,
		'other-account': /请重新登录/,
		forbidden: /不归您管/,
		cut: /稍后自动再传/,
		silent: /稍后自动再传/,
		server: /稍后自动再传/,
		full: /删除一些照片或应用/,
		storage: /关掉网格通再打开/,
	};
	status.good[GRID] = Date.now();
	unsent('event:1', 'waiting');
	for (const [kind, whatToDo] of Object.entries(kinds)) {
		status.trouble = kind as typeof status.trouble;
		expect(sentence.value.tone, kind).toBe('bad');
		expect(sentence.value.text, kind).toMatch(/已存在本机|已保存的数据不会丢/);
		expect(sentence.value.text, kind).toMatch(whatToDo);
		expect(sentence.value.text, kind).not.toContain('已同步');
	}
});

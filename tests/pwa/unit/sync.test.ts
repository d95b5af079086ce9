import fc from 'fast-check';
import { afterEach, expect, test, vi } from 'vitest';
import { askJson, Run } from '../../../pwa/src/sync/http';
import { backOff, EVERY_MS, regular } from '../../../pwa/src/sync/pace';
import { isPassing, Trouble, troubleOf } from '../../../pwa/src/sync/trouble';

afterEach(() => vi.unstubAllGlobals());

test('waiting doubles up to a minute, never all at the same moment', () => {
	fc.assert(
		fc.property(
			fc.integer({ min: 1, max: 60 }),
			fc.double({ min: 0, max: 1, noNaN: true }),
			(n, r) => {
				const wait = backOff(n, r);
				const plain = Math.min(60_000, 2_000 * 2 ** (n - 1));
				expect(wait).toBeGreaterThanOrEqual(plain * 0.8 - 1);
				expect(wait).toBeLessThanOrEqual(plain * 1.2 + 1);
			},
		),
	);
	expect(regular(EVERY_MS, 0)).toBeLessThan(EVERY_MS);
	expect(regular(EVERY_MS, 1)).toBeGreaterThan(EVERY_MS);
});

function answers(body: BodyInit | null, init: ResponseInit): void {
	vi.stubGlobal('fetch', async () => new Response(body, init));
}

async function trouble(): Promise<string> {
	const run = new Run(5_000);
	try {
		await askJson(run, 'http://test/x');
		return 'none';
	} catch (error) {
		return troubleOf(error).kind;
	} finally {
		run.end();
	}
}

const JSON_TYPE = { 'content-type': 'application/json' };

test('a hotel’s page with status 200 is told apart from our server', async () => {
	answers('<html>欢迎使用 WiFi</html>', { headers: { 'content-type': 'text/html' } });
	expect(await trouble()).toBe('captive');
	answers('<html>', { headers: JSON_TYPE });
	expect(await trouble()).toBe('captive');
});

test('each answer of the server has its name', async () => {
	answers('{"ok":true}', { headers: JSON_TYPE });
	expect(await trouble()).toBe('none');
	answers('{"ok":tr', { headers: JSON_TYPE });
	expect(await trouble()).toBe('cut');
	answers('{}', { status: 401, headers: JSON_TYPE });
	expect(await trouble()).toBe('signed-out');
	answers('{}', { status: 403, headers: JSON_TYPE });
	expect(await trouble()).toBe('forbidden');
	for (const status of [429, 500, 503]) {
		answers('{}', { status, headers: JSON_TYPE });
		expect(await trouble()).toBe('server');
	}
	vi.stubGlobal('fetch', async () => Promise.reject(new TypeError('Failed to fetch')));
	expect(await trouble()).toBe('offline');
});

test('an answer that breaks off in the middle is no answer', async () => {
	const stream = new ReadableStream<Uint8Array>({
		start(controller) {
			controller.enqueue(new TextEncoder().encode('{"rows":['));
		},
		pull(controller) {
			controller.error(new TypeError('network error'));
		},
	});
	answers(stream, { headers: JSON_TYPE });
	expect(await trouble()).toBe('cut');
});

test('a full phone and a lost session are not tried again by themselves', () => {
	expect(troubleOf({ name: 'QuotaExceededError' }).kind).toBe('full');
	expect(troubleOf({ status: 401 }).kind).toBe('signed-out');
	expect(troubleOf(new Trouble('silent')).kind).toBe('silent');
	expect((['full', 'signed-out', 'other-account'] as const).map(isPassing)).toEqual([
		false,
		false,
		false,
	]);
	expect((['offline', 'captive', 'cut', 'server'] as const).every(isPassing)).toBe(true);
});

/** One exchange: the request as it goes out, and its answer piece by piece (`docs/exchange.md`). */
import { AnswerReader, Mangled, type Told } from './answer';
import type { Run } from './http';
import { transferred } from './meter';
import { Trouble } from './trouble';

export const EXCHANGE_URL = '/sync/_exchange';
/** Shorter requests gain nothing from being packed. */
const PACK_BYTES = 1_000;

export interface Asking {
	v: 1;
	session: string | null;
	user: string;
	budget: number;
	databases: Record<string, { since: string | null; docs?: object[]; fresh?: true }>;
	refused?: string[];
}

/** What was seen of an answer: bytes of lines, and the time from its first byte to its last. */
export interface Measure {
	bytes: number;
	ms: number;
}

/** Ask, and hand on what is whole as it comes; the next is read when that is taken in. Throws
 * `Trouble`, `Mangled`, `BrokenLine`, and what `take` throws. */
export async function exchange(
	run: Run,
	asking: Asking,
	take: (told: Told, asked: number) => Promise<void>,
): Promise<Measure> {
	const asked = Date.now();
	const started = performance.now();
	const response = await run.ask(EXCHANGE_URL, await request(asking));
	await judge(run, response);
	const reader = new AnswerReader();
	const begun = performance.now();
	const before = run.moved.down;
	let over = false;
	const hand = async (piece: Uint8Array) => {
		for (const told of reader.read(piece)) {
			if (told.kind === 'failed') throw run.fail('server');
			over ||= told.kind === 'bye';
			await take(told, asked);
		}
	};
	try {
		await run.read(response, hand);
		reader.end();
		if (!over) throw run.fail('cut');
		return { bytes: run.moved.down - before, ms: performance.now() - begun };
	} finally {
		const packed = await transferred(EXCHANGE_URL, started);
		if (packed) run.moved.down = before + packed;
	}
}

async function request(asking: Asking): Promise<RequestInit> {
	const headers: Record<string, string> = {
		'content-type': 'application/json',
		accept: 'application/x-ndjson, application/json',
	};
	const text = JSON.stringify(asking);
	if (text.length < PACK_BYTES || !('CompressionStream' in globalThis)) {
		return { method: 'POST', headers, body: text };
	}
	const plain = new Response(text).body as ReadableStream<BufferSource>;
	const packed = plain.pipeThrough(new CompressionStream('gzip'));
	const body = new Uint8Array(await new Response(packed).arrayBuffer());
	return { method: 'POST', headers: { ...headers, 'content-encoding': 'gzip' }, body };
}

/** Look at the head of an answer: is it an exchange's, a refusal of our server, or of other making? */
async function judge(run: Run, response: Response): Promise<void> {
	const { status } = response;
	const type = response.headers.get('content-type') ?? '';
	if (status === 401) throw run.fail('signed-out');
	if (status >= 500 || status === 429) {
		const seconds = Number(response.headers.get('retry-after')) || 0;
		run.trouble ??= new Trouble('server', `HTTP ${status}`, Math.min(seconds, 300) * 1_000);
		throw run.trouble;
	}
	if (status === 200 && type.startsWith('application/x-ndjson')) return;
	if (/html/.test(type)) throw run.fail('captive', type);
	if (status === 403 && /json/.test(type)) {
		const { code } = (await response.json().catch(() => ({}))) as { code?: string };
		throw run.fail(code === 'other-account' ? 'other-account' : 'forbidden');
	}
	throw new Mangled(`HTTP ${status} ${type}`);
}

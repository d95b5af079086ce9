/** One run's requests: they report progress, stop together, and say what went wrong. */
import { Trouble } from './trouble';

/** Without a byte for this long a run is given up (it is tried again later). */
export const PATIENCE_MS = 30_000;

export class Run {
	private readonly controller = new AbortController();
	private watchdog: ReturnType<typeof setTimeout> | undefined;
	/** The first thing that went wrong; PouchDB passes errors on in its own shape. */
	trouble: Trouble | null = null;
	onAbort: () => void = () => {};

	constructor(private readonly patienceMs = PATIENCE_MS) {
		this.progress();
	}

	/** Something moved: the watchdog starts anew. */
	progress(): void {
		clearTimeout(this.watchdog);
		this.watchdog = setTimeout(() => {
			this.trouble ??= new Trouble('silent');
			this.controller.abort();
			this.onAbort();
		}, this.patienceMs);
	}

	end(): void {
		clearTimeout(this.watchdog);
	}

	/** What went up and came down, in bytes; an exchange knows better what came down packed. */
	readonly moved = { up: 0, down: 0 };

	/** End the run because the person wishes it. */
	stop(): void {
		this.trouble ??= new Trouble('stopped');
		this.controller.abort();
		this.onAbort();
	}

	/** `fetch` for this run; answers that are not the server's own are refused. */
	readonly fetch = async (url: RequestInfo | URL, options: RequestInit = {}): Promise<Response> => {
		const response = await this.ask(url, options);
		this.judge(response);
		const decoder = new TextDecoder();
		let text = '';
		await this.read(response, (piece) => {
			text += decoder.decode(piece, { stream: true });
		});
		text += decoder.decode();
		const { status, statusText, headers } = response;
		const empty = status === 204 || status === 304;
		return new Response(empty ? null : text, { status, statusText, headers });
	};

	/** Ask, and leave the answer to the caller: its head has come, its body comes. */
	async ask(url: RequestInfo | URL, options: RequestInit): Promise<Response> {
		const { body } = options;
		if (typeof body === 'string') this.moved.up += body.length;
		else if (body instanceof Uint8Array) this.moved.up += body.byteLength;
		try {
			const { signal } = this.controller;
			const asked = { credentials: 'same-origin', cache: 'no-store', ...options, signal } as const;
			const response = await fetch(url, asked);
			this.progress();
			return response;
		} catch (error) {
			throw this.fail('offline', error);
		}
	}

	/** Read the body piece by piece: each piece is progress, and a broken end is noticed after all that
	 * came before it was taken. What `take` throws is thrown as it is, and the rest is left. */
	async read(response: Response, take: (piece: Uint8Array) => unknown): Promise<void> {
		const reader = response.body?.getReader();
		if (!reader) return;
		const faults: unknown[] = [];
		const hand = async (piece: Uint8Array) => {
			if (faults.length) return;
			try {
				await take(piece);
				this.progress();
			} catch (error) {
				faults.push(error);
				void reader.cancel().catch(() => {});
			}
		};
		let taken = Promise.resolve();
		let cut: Trouble | null = null;
		// Not one after the other: a browser drops what it holds unread when the connection breaks.
		for (;;) {
			const next = await reader.read().catch((error: unknown) => {
				cut = this.fail('cut', error);
				return null;
			});
			if (!next || next.done) break;
			this.moved.down += next.value.byteLength;
			this.progress();
			taken = taken.then(() => hand(next.value));
		}
		await taken;
		if (faults.length) throw faults[0];
		if (cut) throw cut;
	}

	private judge(response: Response): void {
		const { status } = response;
		if (status === 401) throw this.fail('signed-out');
		if (status >= 500 || status === 429) throw this.fail('server', `HTTP ${status}`);
		const type = response.headers.get('content-type') ?? '';
		// A portal answers everything, also with 200, with a page of its own.
		if (status !== 204 && !/[/+]json|text\/plain/.test(type)) throw this.fail('captive', type);
		if (status === 403) throw this.fail('forbidden');
	}

	fail(kind: Trouble['kind'], why: unknown = ''): Trouble {
		this.trouble ??= new Trouble(kind, why instanceof Error ? why.message : String(why));
		return this.trouble;
	}
}

/** Ask for JSON; a body that breaks off or is no JSON is a trouble of its own. */
export async function askJson<T>(run: Run, url: string, options?: RequestInit): Promise<T> {
	const response = await run.fetch(url, { headers: { accept: 'application/json' }, ...options });
	const text = await response.text();
	let body: unknown;
	try {
		body = JSON.parse(text);
	} catch {
		throw new Trouble(text.trimStart().startsWith('<') ? 'captive' : 'cut');
	}
	if (!response.ok) throw new Trouble('server', `HTTP ${response.status}`);
	return body as T;
}

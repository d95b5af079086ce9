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

	/** `fetch` for this run; answers that are not the server's own are refused. */
	readonly fetch = async (url: RequestInfo | URL, options: RequestInit = {}): Promise<Response> => {
		let response: Response;
		try {
			const { signal } = this.controller;
			const asked = { credentials: 'same-origin', cache: 'no-store', ...options, signal } as const;
			response = await fetch(url, asked);
		} catch (error) {
			throw this.fail('offline', error);
		}
		this.progress();
		this.judge(response);
		const text = await this.read(response);
		const { status, statusText, headers } = response;
		const empty = status === 204 || status === 304;
		return new Response(empty ? null : text, { status, statusText, headers });
	};

	private judge(response: Response): void {
		const { status } = response;
		if (status === 401) throw this.fail('signed-out');
		if (status >= 500 || status === 429) throw this.fail('server', `HTTP ${status}`);
		const type = response.headers.get('content-type') ?? '';
		// A portal answers everything, also with 200, with a page of its own.
		if (status !== 204 && !/[/+]json|text\/plain/.test(type)) throw this.fail('captive', type);
		if (status === 403) throw this.fail('forbidden');
	}

	/** Read the body piece by piece: each piece is progress, and a broken end is noticed. */
	private async read(response: Response): Promise<string> {
		const reader = response.body?.getReader();
		if (!reader) return '';
		const decoder = new TextDecoder();
		let text = '';
		try {
			for (;;) {
				const { done, value } = await reader.read();
				if (done) return text + decoder.decode();
				this.progress();
				text += decoder.decode(value, { stream: true });
			}
		} catch (error) {
			throw this.fail('cut', error);
		}
	}

	private fail(kind: Trouble['kind'], why: unknown = ''): Trouble {
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

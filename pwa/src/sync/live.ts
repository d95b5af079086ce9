/** The stream that tells at once which grids changed (`GET /api/v1/events`). It is open while the app
 * is looked at, in the leading tab, and once a sync has got through; it carries no records. */
import { backOff } from './pace';

const URL_ = '/api/v1/events';
const MOST_MS = 5 * 60_000;

export interface Listener {
	/** Databases changed and stand there now. */
	changed(positions: Record<string, string>): void;
	/** The stream is open: news come by themselves from now on. */
	opened(): void;
	/** What the worker may work on changed, or the stream was away for a while: ask. */
	ask(): void;
}

export class Live {
	/** Whether news come by themselves now. */
	connected = false;
	private source: EventSource | null = null;
	private timer: ReturnType<typeof setTimeout> | undefined;
	private failures = 0;

	constructor(private readonly listener: Listener) {}

	/** Open the stream, unless it is open or about to be. */
	open(): void {
		if (this.source || this.timer !== undefined || !('EventSource' in globalThis)) return;
		this.connect(false);
	}

	close(): void {
		clearTimeout(this.timer);
		this.timer = undefined;
		this.failures = 0;
		this.drop();
	}

	private drop(): void {
		this.source?.close();
		this.source = null;
		this.connected = false;
	}

	private connect(wasAway: boolean): void {
		const source = new EventSource(URL_);
		this.source = source;
		source.onopen = () => {
			this.connected = true;
			this.failures = 0;
			this.listener.opened();
			if (wasAway) this.listener.ask();
		};
		source.onerror = () => {
			this.failures += 1;
			this.reconnect(Math.min(MOST_MS, backOff(this.failures) * 2 ** (this.failures - 1)));
		};
		source.addEventListener('changed', (event) => {
			this.listener.changed(positionsIn(event.data));
		});
		source.addEventListener('session', () => {
			this.listener.ask();
			this.reconnect(1_000 + Math.random() * 4_000);
		});
	}

	/** Leave the stream and open another after a while: the browser's own way knows no back-off. */
	private reconnect(ms: number): void {
		this.drop();
		clearTimeout(this.timer);
		this.timer = setTimeout(() => {
			this.timer = undefined;
			this.connect(true);
		}, ms);
	}
}

/** Read an event's data; what is no such thing tells of nothing. */
export function positionsIn(data: unknown): Record<string, string> {
	try {
		const found: unknown = JSON.parse(String(data));
		return found && typeof found === 'object' ? (found as Record<string, string>) : {};
	} catch {
		return {};
	}
}

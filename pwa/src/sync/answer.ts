/** An exchange's answer, put together from pieces that were cut anywhere. Pure. The lines are those
 * of `docs/exchange.md`; what it does not know it passes over. */
import type { Session } from '../data/account';
import type { Stored } from '../data/pouch';

/** Who is signed in, as an exchange says it. */
export type AccountView = Omit<Session, 'server_time'>;

export interface Receipt {
	id: string;
	rev: string;
	stored?: true;
	merged?: string;
	refused?: { reason?: string; code?: string; field?: string; quarantine?: string };
}

export type Told =
	| { kind: 'hello'; time: string; session: string; account?: AccountView }
	| { kind: 'receipts'; database: string; receipts: Receipt[] }
	| {
			kind: 'outcome';
			quarantine: string;
			status: 'accepted' | 'closed';
			closed: { note?: string | null } | null;
	  }
	/** Documents that are whole up to `since`; `left` is null when the database is up to date. */
	| { kind: 'segment'; database: string; docs: Stored[]; since?: string; left: number | null }
	| { kind: 'closed'; database: string; status: number }
	| { kind: 'failed' }
	| { kind: 'bye'; more: boolean };

/** Something between phone and server changes what passes through: this is no exchange's answer. */
export class Mangled extends Error {}

/** A whole line that cannot be read. Once it may be chance. */
export class BrokenLine extends Error {}

type Line = Record<string, unknown>;

export class AnswerReader {
	private readonly decoder = new TextDecoder();
	private rest = '';
	private held: Stored[] = [];
	private greeted = false;

	/** Read on; returns what is whole now. Throws `Mangled` and `BrokenLine`. */
	read(piece: Uint8Array): Told[] {
		const lines = (this.rest + this.decoder.decode(piece, { stream: true })).split('\n');
		this.rest = lines.pop() ?? '';
		const told: Told[] = [];
		for (const line of lines) {
			const one = this.understand(this.parse(line));
			if (one) told.push(one);
		}
		return told;
	}

	/** The answer ended, in order or not. Throws `Mangled` when it never was one. */
	end(): void {
		if (!this.greeted) throw new Mangled('no hello');
	}

	private parse(text: string): Line {
		let line: unknown;
		try {
			line = JSON.parse(text);
		} catch {
			throw this.greeted ? new BrokenLine() : new Mangled('no hello');
		}
		if (!line || typeof line !== 'object') throw new BrokenLine();
		if (!this.greeted && !('hello' in line)) throw new Mangled('no hello');
		this.greeted = true;
		return line as Line;
	}

	private understand(line: Line): Told | null {
		if ('doc' in line) {
			this.held.push(line.doc as Stored);
			return null;
		}
		if ('mark' in line) return this.segment(line.mark, line.since, Number(line.left) || 0);
		if ('end' in line) return this.segment(line.end, line.since, null);
		if ('hello' in line) return { kind: 'hello', ...(line.hello as object) } as Told;
		if ('receipts' in line) {
			const receipts = line.receipts as Receipt[];
			return { kind: 'receipts', database: String(line.of), receipts };
		}
		if ('outcome' in line) return { kind: 'outcome', ...(line.outcome as object) } as Told;
		if ('closed' in line) {
			this.held = [];
			return { kind: 'closed', database: String(line.closed), status: Number(line.status) };
		}
		if ('failed' in line) return { kind: 'failed' };
		if ('bye' in line) return { kind: 'bye', more: !!(line.bye as { more?: boolean }).more };
		return null;
	}

	private segment(database: unknown, since: unknown, left: number | null): Told {
		const docs = this.held;
		this.held = [];
		const moved = typeof since === 'string' ? { since } : {};
		return { kind: 'segment', database: String(database), docs, ...moved, left };
	}
}

/** One tab syncs, the others ask it to. Tabs tell each other what changed. */

export type Message =
	| { kind: 'wanted' }
	| { kind: 'outbox'; key: string }
	| { kind: 'drafts' }
	| { kind: 'signed-in' }
	| { kind: 'signed-out' };

export class Tabs {
	leading = false;
	private readonly channel: BroadcastChannel | null;
	private release: () => void = () => {};

	constructor(account: string, onMessage: (message: Message) => void, onLead: () => void) {
		const name = `wangge-${account}`;
		this.channel = 'BroadcastChannel' in globalThis ? new BroadcastChannel(name) : null;
		if (this.channel) this.channel.onmessage = (event) => onMessage(event.data as Message);
		if (!navigator.locks) {
			// Safari before 15.4 has no locks; an installed app has one window there.
			this.leading = true;
			onLead();
			return;
		}
		void navigator.locks.request(name, () => {
			this.leading = true;
			onLead();
			return new Promise<void>((resolve) => {
				this.release = resolve;
			});
		});
	}

	tell(message: Message): void {
		this.channel?.postMessage(message);
	}

	close(): void {
		this.leading = false;
		this.release();
		this.channel?.close();
	}
}

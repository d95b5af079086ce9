/** New versions of the app: looked for quietly, offered, and taken only when the worker says so. */
import { ref } from 'vue';
import { Workbox } from 'workbox-window';

const EVERY_MS = 60 * 60 * 1000;

/** A new version is on the phone and waits. */
export const offered = ref(false);
/** The worker does not want it now; it is offered again when the app is opened next. */
export const declined = ref(false);

let worker: Workbox | null = null;
let asked = 0;

/** Begin to keep the app on the phone and to look for new versions. */
export function startUpdates(): void {
	if (!('serviceWorker' in navigator)) return;
	worker = new Workbox('/app/sw.js', { scope: '/app/' });
	worker.addEventListener('waiting', () => {
		offered.value = true;
	});
	asked = Date.now();
	void worker.register().catch(() => undefined);
	document.addEventListener('visibilitychange', look);
	setInterval(look, EVERY_MS);
}

function look(): void {
	if (document.visibilityState !== 'visible' || Date.now() - asked < EVERY_MS / 4) return;
	asked = Date.now();
	// Without a connection there is nothing to find; the next look may.
	void worker?.update().catch(() => undefined);
}

/** Change to the new version: what is typed is kept as a draft, then the page is loaded anew. */
export function takeUpdate(): void {
	worker?.addEventListener('controlling', () => location.reload());
	worker?.messageSkipWaiting();
}

/** Ask the browser not to clear this app's data when room is short; tells whether it agreed. */
export async function askToKeep(): Promise<boolean> {
	return (await navigator.storage?.persist?.()) ?? false;
}

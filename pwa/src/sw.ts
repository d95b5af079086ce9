/// <reference lib="webworker" />
/**
 * The service worker: the app's own files are kept on the phone, so that it starts without a
 * connection. It never touches `/api` or `/sync`; records are the app's business.
 */
import {
	cleanupOutdatedCaches,
	createHandlerBoundToURL,
	precacheAndRoute,
} from 'workbox-precaching';
import { NavigationRoute, registerRoute } from 'workbox-routing';

declare const self: ServiceWorkerGlobalScope & {
	__WB_MANIFEST: { url: string; revision: string | null }[];
};

precacheAndRoute(self.__WB_MANIFEST);
cleanupOutdatedCaches();
// Every view has the same page, whatever its address.
registerRoute(new NavigationRoute(createHandlerBoundToURL('/app/')));

// A new version waits until the worker says so: never in the middle of a form.
self.addEventListener('message', (event) => {
	if ((event.data as { type?: string } | null)?.type === 'SKIP_WAITING') void self.skipWaiting();
});
// The first version serves the page that installed it, so that it may lose its connection at once.
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));

import type { RouteRecordRaw } from 'vue-router';

export const eventRoutes: RouteRecordRaw[] = [
	{ path: '/events', name: 'events', component: () => import('./EventList.vue') },
	{ path: '/events/new', name: 'report', component: () => import('./ReportPage.vue') },
	{ path: '/events/:id', name: 'event', component: () => import('./EventPage.vue'), props: true },
];

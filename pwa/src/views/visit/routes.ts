import type { RouteRecordRaw } from 'vue-router';

export const visitRoutes: RouteRecordRaw[] = [
	{ path: '/visits', name: 'visits', component: () => import('./VisitList.vue') },
	{ path: '/visits/new', name: 'visit-new', component: () => import('./VisitNew.vue') },
	{ path: '/visits/:id', name: 'visit', component: () => import('./VisitPage.vue'), props: true },
];

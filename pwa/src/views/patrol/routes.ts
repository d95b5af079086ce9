import type { RouteRecordRaw } from 'vue-router';

export const patrolRoutes: RouteRecordRaw[] = [
	{ path: '/patrol', name: 'patrol-run', component: () => import('./PatrolRun.vue') },
	{ path: '/patrols', name: 'patrols', component: () => import('./PatrolList.vue') },
	{
		path: '/patrols/:id',
		name: 'patrol',
		component: () => import('./PatrolPage.vue'),
		props: true,
	},
];

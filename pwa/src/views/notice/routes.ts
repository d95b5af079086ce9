import type { RouteRecordRaw } from 'vue-router';

export const noticeRoutes: RouteRecordRaw[] = [
	{ path: '/notices', name: 'notices', component: () => import('./NoticeList.vue') },
	{
		path: '/notices/:id',
		name: 'notice',
		component: () => import('./NoticePage.vue'),
		props: true,
	},
];

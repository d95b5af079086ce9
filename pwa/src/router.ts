/** The pages and their addresses. All but the sign-in need an account on this phone. */
import { createRouter, createWebHistory, type RouteRecordRaw } from 'vue-router';
import { account } from './data/account';
import { eventRoutes } from './views/event/routes';
import { noticeRoutes } from './views/notice/routes';
import { patrolRoutes } from './views/patrol/routes';
import { visitRoutes } from './views/visit/routes';

const routes: RouteRecordRaw[] = [
	{ path: '/', name: 'home', component: () => import('./views/home/HomePage.vue') },
	{ path: '/sign-in', name: 'sign-in', component: () => import('./views/signin/SignInPage.vue') },
	{
		path: '/households',
		name: 'households',
		component: () => import('./views/households/HouseholdList.vue'),
	},
	{
		path: '/households/new',
		name: 'household-new',
		component: () => import('./views/households/HouseholdEdit.vue'),
	},
	{
		path: '/households/:id',
		name: 'household',
		component: () => import('./views/households/HouseholdPage.vue'),
		props: true,
	},
	{
		path: '/households/:id/edit',
		name: 'household-edit',
		component: () => import('./views/households/HouseholdEdit.vue'),
		props: true,
	},
	{
		path: '/households/:household/residents/new',
		name: 'resident-new',
		component: () => import('./views/residents/ResidentEdit.vue'),
		props: true,
	},
	{
		path: '/residents/:id',
		name: 'resident',
		component: () => import('./views/residents/ResidentPage.vue'),
		props: true,
	},
	{
		path: '/residents/:id/edit',
		name: 'resident-edit',
		component: () => import('./views/residents/ResidentEdit.vue'),
		props: true,
	},
	{ path: '/me', name: 'me', component: () => import('./views/me/MePage.vue') },
	{ path: '/me/unsent', name: 'unsent', component: () => import('./views/me/UnsentPage.vue') },
	...patrolRoutes,
	...eventRoutes,
	...visitRoutes,
	...noticeRoutes,
	{ path: '/:anything(.*)*', redirect: '/' },
];

const RELOADED = 'wangge.reloaded';

export const router = createRouter({
	history: createWebHistory('/app/'),
	routes,
	scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
});

router.beforeEach((to) => {
	if (to.name === 'sign-in' || account.value) return true;
	return { name: 'sign-in', query: to.fullPath === '/' ? {} : { next: to.fullPath } };
});

/** Pages come in pieces. When another tab has taken a new version, the old pieces are gone: load the
 * page anew (drafts are kept), but not over and over when a piece is missing for another cause. */
router.onError((error: Error, to) => {
	if (!/dynamically imported module|module script failed/i.test(error.message)) return;
	if (sessionStorage.getItem(RELOADED) === to.fullPath) return;
	sessionStorage.setItem(RELOADED, to.fullPath);
	location.assign(router.resolve(to.fullPath).href);
});
router.afterEach(() => sessionStorage.removeItem(RELOADED));

/** Pages at the foot of which the tabs stand. */
export const TAB_PAGES: readonly string[] = ['home', 'households', 'notices', 'me'];

import type { RouteRecordRaw } from 'vue-router';

export const patrolRoutes: RouteRecordRaw[] = [];

import type { RouteRecordRaw } from 'vue-router';

export const noticeRoutes: RouteRecordRaw[] = [];

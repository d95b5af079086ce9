import { computed } from 'vue';

export const unreadNotices = computed(() => 0);

/** Notices of the towns in which the worker has grids, and which of them he has read. */
import { computed, shallowReactive } from 'vue';
import { account } from '../../data/account';
import type { Stored } from '../../data/pouch';
import { readAll, write } from '../../data/work-store';
import { work } from '../../data/workspace';

/** Keys (id and revision) of notices that were read on this phone; a changed notice is new again. */
const read = shallowReactive(new Set<string>());
let knownFor = '';

function keyOf(notice: Stored): string {
	return `read|${notice._id}|${notice._rev}`;
}

async function remember(): Promise<void> {
	const space = work();
	if (knownFor === space.account) return;
	knownFor = space.account;
	read.clear();
	for (const { key } of await readAll<{ key: string }>(space.account, 'marks')) read.add(key);
}

/** All notices, urgent and unread first, then the latest. */
export const notices = computed<Stored[]>(() => {
	if (!account.value) return [];
	void remember();
	return account.value.bulletins
		.flatMap((town) => [...work().bulletin(town).records.value.values()])
		.filter(({ type }) => type === 'notice')
		.sort((a, b) => weight(b) - weight(a) || String(b.at ?? '').localeCompare(String(a.at ?? '')));
});

function weight(notice: Stored): number {
	return isUnread(notice) ? (notice.urgent ? 2 : 1) : 0;
}

export function isUnread(notice: Stored): boolean {
	return !read.has(keyOf(notice));
}

export const unreadNotices = computed(() => notices.value.filter(isUnread).length);

export async function markRead(notice: Stored): Promise<void> {
	const key = keyOf(notice);
	if (read.has(key)) return;
	read.add(key);
	await write(work().account, 'marks', { key });
}

/** What a patrol looks at: the town's list from its bulletin, or else a common one. */
import { computed } from 'vue';
import { account, currentGrid } from '../../data/account';
import { work } from '../../data/workspace';

export interface CheckItem {
	key: string;
	label: string;
}

export interface Check extends CheckItem {
	result: 'fine' | 'problem' | 'not_checked';
}

/** Used until the town has published a list of its own. */
export const COMMON_CHECKS: readonly CheckItem[] = [
	{ key: 'fire-lane', label: '消防通道是否畅通' },
	{ key: 'wiring', label: '有无私拉电线、电动车入户充电' },
	{ key: 'gas', label: '煤气瓶和燃气是否安全' },
	{ key: 'building', label: '房屋墙体、阳台有无险情' },
	{ key: 'water', label: '水塘、河边、井盖是否安全' },
	{ key: 'strangers', label: '有无可疑人员或纠纷' },
	{ key: 'litter', label: '有无乱堆乱倒、污水' },
	{ key: 'elders', label: '独居老人、儿童是否平安' },
];

/** The town (of the bulletin) to which the shown grid belongs. */
export const town = computed<string | undefined>(() => {
	const path = account.value?.grids.find(({ code }) => code === currentGrid.value)?.path ?? [];
	return account.value?.bulletins.find((code) => path.includes(code));
});

function isItem(item: unknown): item is CheckItem {
	const { key, label } = (item ?? {}) as Partial<CheckItem>;
	return typeof key === 'string' && typeof label === 'string';
}

/** The items to look at, none looked at yet. */
export async function freshChecks(): Promise<Check[]> {
	let items = COMMON_CHECKS;
	if (town.value) {
		const store = work().bulletin(town.value);
		await store.open();
		const lists = [...store.records.value.values()].filter(({ type }) => type === 'checklist');
		const published = (lists[0]?.items as unknown[] | undefined)?.filter(isItem);
		if (published?.length) items = published;
	}
	return items.map(({ key, label }) => ({ key, label, result: 'not_checked' }));
}

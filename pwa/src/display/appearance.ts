/** How large everything is written; kept on this phone. */
import { ref } from 'vue';

export type Size = 'normal' | 'large' | 'largest';
export const SIZES: readonly Size[] = ['normal', 'large', 'largest'];
const KEY = 'wangge.size';

function first(): Size {
	const kept = localStorage.getItem(KEY) as Size | null;
	return kept && SIZES.includes(kept) ? kept : 'normal';
}

export const size = ref<Size>(first());

export function chooseSize(chosen: Size): void {
	localStorage.setItem(KEY, chosen);
	size.value = chosen;
	document.documentElement.dataset.size = chosen;
}

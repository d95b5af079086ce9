/** The state of everything in one sentence: what happened, whether the data is safe, what to do. */
import { computed } from 'vue';
import { account, gridName } from '../data/account';
import { work } from '../data/workspace';
import { shortTime } from '../display/time';
import { t } from '../i18n';
import { status } from '../sync/engine';

export type Tone = 'good' | 'busy' | 'waiting' | 'bad';

export interface Sentence {
	tone: Tone;
	icon: string;
	text: string;
	/** What helps, if the worker can do something. */
	help?: 'sign-in' | 'unsent';
	/** How much of a first download is done, from 0 to 1. */
	part?: number;
}

export const waitingCount = computed(() => work().outbox.waiting().length);
export const refusedEntries = computed(() => work().outbox.refusals());

/** The last time at which everything of this phone was in step with the server (ms), or null. */
export const lastGood = computed<number | null>(() => {
	const times = (account.value?.grids ?? []).map((grid) => status.good[grid.code]);
	// Whoever has no grid (yet, or any more) is in step when the server has been heard.
	if (!times.length) return status.whole;
	if (times.some((time) => time === undefined)) return null;
	return Math.min(...(times as number[]));
});

export const sentence = computed<Sentence>(() => {
	const waiting = waitingCount.value;
	const refused = refusedEntries.value.length;
	const { trouble, progress, running } = status;
	if (progress) {
		const grid = gridName(progress.grid);
		const left = progress.pending ? t('sync.pending', { n: progress.pending }) : '';
		return {
			tone: 'busy',
			icon: 'uploading',
			text: t('sync.first', { grid, n: progress.done }) + left,
			part: progress.done / Math.max(1, progress.done + (progress.pending ?? 0)),
		};
	}
	if (trouble === 'signed-out' || trouble === 'other-account') {
		return { tone: 'bad', icon: 'warning', text: t(`trouble.${trouble}`), help: 'sign-in' };
	}
	if (trouble && trouble !== 'offline') {
		return { tone: 'bad', icon: 'warning', text: t(`trouble.${trouble}`) };
	}
	if (refused) {
		return {
			tone: 'bad',
			icon: 'refused',
			text: t('sync.refused', { n: refused }),
			help: 'unsent',
		};
	}
	if (waiting && !(running && !trouble)) {
		return {
			tone: 'waiting',
			icon: 'waiting',
			text: t('sync.waiting', { n: waiting }),
			help: 'unsent',
		};
	}
	if (waiting) return { tone: 'busy', icon: 'uploading', text: t('sync.sending', { n: waiting }) };
	const when = lastGood.value === null ? '' : shortTime(lastGood.value);
	if (trouble === 'offline') {
		return {
			tone: 'waiting',
			icon: 'offline',
			text: when ? t('sync.offline', { when }) : t('sync.offlineFirst'),
		};
	}
	if (!when) return { tone: 'busy', icon: 'uploading', text: t('sync.running') };
	return { tone: 'good', icon: 'synced', text: t('sync.done', { when }) };
});

/** Times as people read them, by the phone's clock and calendar. */
import { language, t } from '../i18n';

function locale(): string {
	return language.value === 'en' ? 'en-GB' : 'zh-CN';
}

/** Milliseconds of any time we store: RFC 3339, a hybrid clock's text, or milliseconds. */
export function moment(time: string | number | null | undefined): number | null {
	if (typeof time === 'number') return time;
	if (!time) return null;
	// A clock's text has counter and device behind its time.
	const ms = Date.parse(/Z-[0-9a-f]{4}-/.test(time) ? time.slice(0, 24) : time);
	return Number.isNaN(ms) ? null : ms;
}

export function clockTime(time: string | number): string {
	const ms = moment(time);
	if (ms === null) return '';
	return new Intl.DateTimeFormat(locale(), {
		hour: '2-digit',
		minute: '2-digit',
		hour12: false,
	}).format(ms);
}

/** The time alone when it is today, else month and day with the time, else the whole date. */
export function shortTime(time: string | number | null | undefined, now = Date.now()): string {
	const ms = moment(time);
	if (ms === null) return '';
	const date = new Date(ms);
	const today = new Date(now);
	if (date.toDateString() === today.toDateString()) return clockTime(ms);
	const day =
		date.getFullYear() === today.getFullYear()
			? new Intl.DateTimeFormat(locale(), { month: '2-digit', day: '2-digit' }).format(ms)
			: new Intl.DateTimeFormat(locale(), {
					year: 'numeric',
					month: '2-digit',
					day: '2-digit',
				}).format(ms);
	return `${day} ${clockTime(ms)}`;
}

/** A phone whose clock is further off than this (ms) is told so. */
export const WRONG_CLOCK_MS = 10 * 60 * 1000;

/** How long a span of milliseconds is, in its largest whole unit. */
export function spanText(ms: number): string {
	const minutes = Math.round(Math.abs(ms) / 60_000);
	if (minutes < 60) return t('clock.minutes', { n: minutes });
	const hours = Math.round(minutes / 60);
	return hours < 48
		? t('clock.hours', { n: hours })
		: t('clock.days', { n: Math.round(hours / 24) });
}

/** The day of the week and the date, as the first page says it. */
export function dayText(now = new Date()): string {
	return new Intl.DateTimeFormat(locale(), {
		month: 'long',
		day: 'numeric',
		weekday: 'long',
	}).format(now);
}

/** Today's date as `2026-11-24`, in the phone's time zone. */
export function today(now = new Date()): string {
	const two = (n: number) => String(n).padStart(2, '0');
	return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
}

/** Whole days from a date (`2026-11-24`) until now; `null` when there is none. */
export function daysSince(date: string | null | undefined, now = new Date()): number | null {
	if (!date || !/^\d{4}-\d\d-\d\d/.test(date)) return null;
	const start = Date.parse(`${date.slice(0, 10)}T00:00:00Z`);
	const end = Date.parse(`${today(now)}T00:00:00Z`);
	return Number.isNaN(start) ? null : Math.round((end - start) / 86_400_000);
}

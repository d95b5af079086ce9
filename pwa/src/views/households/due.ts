/** Households: their order, their name, and whether a visit is due. Pure. */
import type { Stored } from '../../data/pouch';
import { daysSince } from '../../display/time';

/** Days after which a household where people live should be visited again. */
export const VISIT_EVERY_DAYS = 30;

export function isDue(household: Stored, now = new Date()): boolean {
	if (household.status === 'moved_out' || household.status === 'demolished') return false;
	if (household.residence_type === 'vacant') return false;
	const days = daysSince(household.last_visit as string | undefined, now);
	return days === null || days > VISIT_EVERY_DAYS;
}

export function dueHouseholds(households: readonly Stored[], now = new Date()): Stored[] {
	return households.filter((household) => isDue(household, now));
}

/** The door's name: its room, or its address. */
export function doorOf(household: Stored | undefined): string {
	return String(household?.room || household?.address || '');
}

const byNumbers = new Intl.Collator('zh-CN', { numeric: true });

/** Order of doors: 101 before 1001. */
export function byDoor(a: Stored, b: Stored): number {
	return byNumbers.compare(
		`${a.building ?? ''} ${a.unit ?? ''} ${doorOf(a)}`,
		`${b.building ?? ''} ${b.unit ?? ''} ${doorOf(b)}`,
	);
}

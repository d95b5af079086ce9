/** Findings of a patrol, and the events that they become: linked both ways. */
import { withClock } from '../../core/device';
import { ulid } from '../../core/ulid';
import type { Draft } from '../../data/drafts';
import { work } from '../../data/workspace';

export interface Finding {
	key: string;
	at: string;
	text: string;
	event?: string;
}

export function newFinding(text: string): Finding {
	return { key: ulid(), at: withClock((clock, ms) => clock.now(ms)), text };
}

/** The findings with the one called `key` linked to its event. Pure. */
export function linked(findings: readonly Finding[], key: string, event: string): Finding[] {
	return findings.map((finding) => (finding.key === key ? { ...finding, event } : finding));
}

/** The patrol that is under way in a grid, kept as a draft until it ends. */
export function openPatrol(grid: string): Draft | undefined {
	return [...work().drafts.all.values()].find(
		(draft) => draft.type === 'patrol' && draft.grid === grid,
	);
}

/** Note in the patrol which event its finding has become, whether it is under way or ended. */
export async function linkEvent(
	grid: string,
	link: { patrol: string; key: string },
	event: string,
): Promise<void> {
	const draft = [...work().drafts.all.values()].find(({ target }) => target === link.patrol);
	if (draft) {
		const findings = linked((draft.values.findings as Finding[]) ?? [], link.key, event);
		await work().drafts.put({ ...draft, values: { ...draft.values, findings } });
		return;
	}
	const record = work().grid(grid).records.value.get(link.patrol);
	if (!record) return;
	const findings = linked((record.findings as Finding[]) ?? [], link.key, event);
	await work().edit(grid, record, { findings });
}

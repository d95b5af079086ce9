/** Records of the grid that is shown, followed as they change. */
import { type ComputedRef, computed, type MaybeRefOrGetter, toValue } from 'vue';
import { currentGrid } from '../data/account';
import type { OutboxEntry } from '../data/outbox';
import type { Stored } from '../data/pouch';
import { followed, mergedInto, standing } from '../data/redirect';
import { type RecordState, recordState } from '../data/state';
import { work } from '../data/workspace';
import { status } from '../sync/engine';

const store = computed(() => work().grid(currentGrid.value));

/** Whether this grid's records have been read from the phone's database. */
export const loaded = computed(() => store.value.loaded.value);

/** Records of the shown grid by type, without those that were merged into another one. */
const byType = computed(() => {
	const sorted = new Map<string, Stored[]>();
	const records = store.value.records.value;
	for (const stored of records.values()) {
		if (mergedInto(stored)) continue;
		const doc = followed(stored, records);
		const type = String(doc.type ?? '');
		const known = sorted.get(type);
		if (known) known.push(doc);
		else sorted.set(type, [doc]);
	}
	return sorted;
});

/** All records of a type in the shown grid, in no order. */
export function useType(type: string): ComputedRef<Stored[]> {
	return computed(() => byType.value.get(type) ?? []);
}

/** One record of the shown grid. */
export function useRecord(id: MaybeRefOrGetter<string>): ComputedRef<Stored | undefined> {
	return computed(() => store.value.records.value.get(toValue(id)));
}

/** The record that stands for what a reference names. */
export function useStanding(id: MaybeRefOrGetter<string>): ComputedRef<Stored | undefined> {
	return computed(() => {
		const records = store.value.records.value;
		return records.get(standing(toValue(id), records));
	});
}

export function entryOf(id: string): OutboxEntry | undefined {
	return work().outbox.get(currentGrid.value, id);
}

/** The state of a record as the worker should see it. */
export function stateOf(doc: Stored): RecordState {
	return recordState(doc, entryOf(doc._id), status.running);
}

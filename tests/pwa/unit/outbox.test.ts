import 'fake-indexeddb/auto';
import memory from 'pouchdb-adapter-memory';
import PouchDB from 'pouchdb-core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Drafts } from '../../../pwa/src/data/drafts';
import { Outbox, putRecord, recover } from '../../../pwa/src/data/outbox';
import { destroyWork } from '../../../pwa/src/data/work-store';

PouchDB.plugin(memory);

const GRID = '44090400400100104';
const AT = ['2026-11-24T08:00:00.000Z-0000-aaaaaaa1', '2026-11-24T08:00:00.000Z-0001-aaaaaaa1'];
let db: InstanceType<typeof PouchDB>;
let outbox: Outbox;

beforeEach(() => {
	db = new PouchDB('records', { adapter: 'memory' });
	outbox = new Outbox('worker1');
});

afterEach(async () => {
	await db.destroy();
	await destroyWork('worker1');
});

function household(note: string, at = AT[0] as string) {
	return { _id: 'household:1', note, updated: { at, by: 'worker1', device: 'aaaaaaa1' } };
}

/** What a page finds that is opened after this one was killed. */
async function reopened(): Promise<Outbox> {
	const other = new Outbox('worker1');
	await other.load();
	return other;
}

test('killed before the record was written: it is written at the next start', async () => {
	await outbox.begin(GRID, household('甲'), AT[0] as string);
	const later = await reopened();
	await recover(later, GRID, db);
	const found = await db.get('household:1');
	expect(found.note).toBe('甲');
	expect(later.get(GRID, 'household:1')?.rev).toBe(found._rev);
});

test('killed after the record was written: it is not written twice', async () => {
	await outbox.begin(GRID, household('甲'), AT[0] as string);
	const rev = await putRecord(db, household('甲'));
	const later = await reopened();
	await recover(later, GRID, db);
	await recover(later, GRID, db);
	expect((await db.get('household:1'))._rev).toBe(rev);
	expect(later.get(GRID, 'household:1')?.rev).toBe(rev);
});

test('killed while a pull had brought another edit: both stand side by side', async () => {
	const rev = await putRecord(db, household('原来'));
	const mine = { ...household('甲', AT[1]), _rev: rev };
	await outbox.begin(GRID, mine, AT[1] as string);
	await db.put({ ...household('别人的'), _rev: rev });
	await recover(await reopened(), GRID, db);
	const leaves = (await db.get('household:1', { open_revs: 'all' })) as unknown as {
		ok: { note: string };
	}[];
	expect(leaves.map(({ ok }) => ok.note).sort()).toEqual(['别人的', '甲']);
});

test('an answer about an old edit does not settle the newer one', async () => {
	const first = await outbox.begin(GRID, household('甲'), AT[0] as string);
	await outbox.written(first, '1-a');
	const second = await outbox.begin(GRID, { ...household('乙'), _rev: '1-a' }, AT[1] as string);
	await outbox.received(first);
	await outbox.refused(GRID, 'household:1', '1-a', { reason: '不行' });
	expect(outbox.get(GRID, 'household:1')).toMatchObject({ state: 'waiting', at: AT[1] });
	expect(second.base).toBeNull(); // both are unsent: the worker began from nothing
});

test('a refusal keeps the record and its reason, and can be tried again', async () => {
	const entry = await outbox.begin(GRID, household('甲'), AT[0] as string);
	await outbox.written(entry, '1-a');
	const why = { reason: '您已不负责这个网格', code: 'grid-revoked', quarantine: 'q:1' };
	await outbox.refused(GRID, 'household:1', '1-a', why);
	const found = (await reopened()).get(GRID, 'household:1');
	expect(found).toMatchObject({ state: 'refused', ...why, doc: { note: '甲' } });
	expect(outbox.waiting()).toEqual([]);
	if (found) await outbox.retry(found);
	expect(outbox.waiting().map(({ id }) => id)).toEqual(['household:1']);
});

test('a receipt lets go of the copy, and only then', async () => {
	const entry = await outbox.begin(GRID, household('甲'), AT[0] as string);
	await outbox.written(entry, '1-a');
	expect(outbox.get(GRID, 'household:1')?.doc).toBeDefined();
	await outbox.received(entry);
	expect(outbox.get(GRID, 'household:1')).toMatchObject({ state: 'received', doc: undefined });
});

test('drafts outlive the page; one record has one draft', async () => {
	const drafts = new Drafts('worker1');
	const before = { ...household('甲'), _rev: '1-a' };
	const draft = await drafts.begin(GRID, 'household', 1, before, { note: '乙' });
	expect((await drafts.begin(GRID, 'household', 1, before)).id).toBe(draft.id);
	await drafts.put({ ...draft, values: { note: '丙𠮷' }, touched: draft.begun + 1 });
	const looked = await drafts.begin(GRID, 'event', 1, null);
	const patrol = await drafts.begin(GRID, 'patrol', 1, null);
	const later = new Drafts('worker1');
	await later.load();
	expect(later.all.get(draft.id)).toMatchObject({
		target: 'household:1',
		values: { note: '丙𠮷' },
	});
	expect([...later.all.keys()].sort()).toEqual([draft.id, patrol.id].sort());
	expect(later.all.has(looked.id)).toBe(false); // nothing was typed
	await later.drop(draft.id);
	await later.drop(patrol.id);
	expect((await reopened()).entries.size).toBe(0);
	const last = new Drafts('worker1');
	await last.load();
	expect(last.all.size).toBe(0);
});

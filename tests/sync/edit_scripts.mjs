// Plays edit scripts of one document each in PouchDB's memory adapter.
// In: [{limit, steps: [{edit, on, deleted} | {push, on, above, deleted}, …]}, …]; `on` is the number
// of an earlier step or null. Out: per script {steps: [{rev, ancestors, error}], winner,
// leaves: [[rev, deleted], …], histories: [[rev, …], …]}, all sorted.
import MemoryAdapter from 'pouchdb-adapter-memory';
import PouchDB from 'pouchdb-core';

PouchDB.plugin(MemoryAdapter);

const generation = (rev) => Number.parseInt(rev, 10);
const hash = (rev) => rev.slice(rev.indexOf('-') + 1);

async function line(db, rev) {
	const doc = await db.get('doc', { rev, revs: true });
	const { start, ids } = doc._revisions;
	return ids.map((id, index) => `${start - index}-${id}`);
}

async function isDeleted(db) {
	const error = await db.get('doc').catch((reason) => reason);
	return error.reason === 'deleted';
}

async function edit(db, parent, number, deleted) {
	// PouchDB lets a deleted document go on from any revision one names, CouchDB from none.
	if (parent && (await isDeleted(db))) return { error: 'skipped' };
	const doc = { _id: 'doc', n: number };
	if (parent) doc._rev = parent.rev;
	if (deleted) doc._deleted = true;
	try {
		const { rev } = await db.put(doc);
		return { rev, ancestors: (await line(db, rev)).slice(1) };
	} catch (error) {
		return { error: error.name };
	}
}

async function push(db, parent, step, number) {
	// A history that goes on from what was known when the parent was written, through revisions
	// whose bodies nobody has.
	let above = parent ? [parent.rev, ...parent.ancestors] : [];
	for (const name of step.above)
		above = [`${above.length ? generation(above[0]) + 1 : 1}-${name}`, ...above];
	const rev = `${above.length ? generation(above[0]) + 1 : 1}-${step.push}`;
	const ids = [rev, ...above].map(hash);
	const doc = { _id: 'doc', n: number, _rev: rev, _revisions: { start: generation(rev), ids } };
	if (step.deleted) doc._deleted = true;
	await db.bulkDocs([doc], { new_edits: false });
	return { rev, ancestors: above };
}

async function play({ limit, steps }, number) {
	const db = new PouchDB(`edits-${number}`, { adapter: 'memory', revs_limit: limit });
	const done = [];
	for (const [index, step] of steps.entries()) {
		const on = step.on === null ? null : done[step.on];
		if (on?.error) done.push({ error: 'skipped' });
		else if (step.push) done.push(await push(db, on, step, index));
		else done.push(await edit(db, on, index, step.deleted));
	}
	const { results } = await db.changes();
	const found = await db.get('doc', { open_revs: 'all', revs: true });
	const leaves = new Map(found.map(({ ok }) => [ok._rev, Boolean(ok._deleted)]));
	const histories = found.map(({ ok }) =>
		ok._revisions.ids.map((id, i) => `${ok._revisions.start - i}-${id}`),
	);
	const winner = results[0].changes[0].rev;
	await db.destroy();
	return { steps: done, winner, leaves: [...leaves].sort(), histories: histories.sort() };
}

let text = '';
for await (const chunk of process.stdin) text += chunk;
const answers = [];
for (const [number, script] of JSON.parse(text).entries()) answers.push(await play(script, number));
process.stdout.write(JSON.stringify(answers));

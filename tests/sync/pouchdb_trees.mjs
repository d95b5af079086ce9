// Replays edit scripts through PouchDB: its tree merge alone, and its memory adapter.
// In: [[{rev, ancestors, deleted}, …], …]. Out: per script {merge, adapter}, each
// {winner, leaves: [[rev, deleted], …] sorted}.
import MemoryAdapter from 'pouchdb-adapter-memory';
import PouchDB from 'pouchdb-core';
import { collectLeaves, merge, winningRev } from 'pouchdb-merge';

PouchDB.plugin(MemoryAdapter);

const hash = (rev) => rev.slice(rev.indexOf('-') + 1);
const generation = (rev) => Number.parseInt(rev, 10);

function path({ rev, ancestors, deleted }) {
	let ids = [hash(rev), { status: 'available', deleted }, []];
	for (const ancestor of ancestors) ids = [hash(ancestor), { status: 'missing' }, [ids]];
	return { pos: generation(rev) - ancestors.length, ids };
}

function byMerge(script) {
	let tree = [];
	for (const edit of script) tree = merge(tree, path(edit), 1000).tree;
	const leaves = new Map(collectLeaves(tree).map((leaf) => [leaf.rev, Boolean(leaf.opts.deleted)]));
	return { winner: winningRev({ rev_tree: tree }), leaves: [...leaves].sort() };
}

async function byAdapter(script, number) {
	const db = new PouchDB(`script-${number}`, { adapter: 'memory' });
	for (const { rev, ancestors, deleted } of script) {
		const ids = [rev, ...ancestors].map(hash);
		const doc = { _id: 'doc', _rev: rev, _revisions: { start: generation(rev), ids } };
		if (deleted) doc._deleted = true;
		await db.bulkDocs([doc], { new_edits: false });
	}
	const { results } = await db.changes();
	const found = await db.get('doc', { open_revs: 'all' });
	const leaves = new Map(found.map(({ ok }) => [ok._rev, Boolean(ok._deleted)]));
	await db.destroy();
	return { winner: results[0].changes[0].rev, leaves: [...leaves].sort() };
}

let text = '';
for await (const chunk of process.stdin) text += chunk;
const answers = [];
for (const [number, script] of JSON.parse(text).entries())
	answers.push({ merge: byMerge(script), adapter: await byAdapter(script, number) });
process.stdout.write(JSON.stringify(answers));

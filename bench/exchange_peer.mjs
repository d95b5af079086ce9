// What PouchDB needs for the work of an exchange, over a slow network and from the same records.
// Reads how to reach the server and how many rounds of each; prints milliseconds and requests.
import { readFileSync } from 'node:fs';
import http from 'pouchdb-adapter-http';
import memory from 'pouchdb-adapter-memory';
import PouchDB from 'pouchdb-core';
import replication from 'pouchdb-replication';

PouchDB.plugin(http).plugin(memory).plugin(replication);

const { direct, slow, auth, name, edits, first, both } = JSON.parse(readFileSync(0, 'utf-8'));
const used = { base: direct, requests: 0 };

// The address stays the same whichever way the bytes go: a checkpoint belongs to an address.
const remote = (name) =>
	new PouchDB(`http://bench.invalid/${name}`, {
		skip_setup: true,
		fetch: (address, options) => {
			used.requests += 1;
			if (auth) options.headers.set('authorization', `Basic ${btoa(auth)}`);
			return PouchDB.fetch(address.replace('http://bench.invalid/', used.base), options);
		},
	});

async function timed(work) {
	used.base = slow;
	used.requests = 0;
	const started = performance.now();
	const outcome = await work();
	const ms = performance.now() - started;
	used.base = direct;
	return { ms, requests: used.requests, outcome };
}

const edited = (rows, note) => rows.map(({ doc }) => ({ ...doc, note }));

const local = new PouchDB('local', { adapter: 'memory' });
const other = remote(name);
const results = { first: [], both: [] };
for (let round = 0; round < first; round += 1) {
	const empty = new PouchDB(`empty-${round}`, { adapter: 'memory' });
	const { ms, requests, outcome } = await timed(() => empty.replicate.from(remote(name)));
	results.first.push({ ms, requests, documents: outcome.docs_written });
	await empty.destroy();
}
if (both) await local.sync(remote(name));
const { rows } = await local.allDocs({ include_docs: true, limit: 2 * edits });
for (let round = 0; round < both; round += 1) {
	const [mine, theirs] = [rows.slice(0, edits), rows.slice(edits)];
	const fresh = async (db, some) =>
		(await db.allDocs({ include_docs: true, keys: some.map(({ id }) => id) })).rows;
	await local.bulkDocs(edited(await fresh(local, mine), `mine ${round}`));
	await other.bulkDocs(edited(await fresh(other, theirs), `theirs ${round}`));
	const { ms, requests, outcome } = await timed(() => local.sync(remote(name)));
	const documents = outcome.push.docs_written + outcome.pull.docs_written;
	results.both.push({ ms, requests, documents });
}
if (both) {
	const { ms, requests } = await timed(() => local.sync(remote(name)));
	results.nothing = { ms, requests };
}
console.log(JSON.stringify(results));

// PouchDB 9 as anybody would use it: pull a grid, work on it, push, and pull what others made of it.
import { readFileSync } from 'node:fs';
import http from 'pouchdb-adapter-http';
import memory from 'pouchdb-adapter-memory';
import PouchDB from 'pouchdb-core';
import replication from 'pouchdb-replication';

PouchDB.plugin(http).plugin(memory).plugin(replication);

const { url, token, grid } = JSON.parse(readFileSync(0, 'utf-8'));
const remote = new PouchDB(`${url}/sync/${grid}`, {
	skip_setup: true,
	fetch: (address, options) => {
		options.headers.set('authorization', `Bearer ${token}`);
		return PouchDB.fetch(address, options);
	},
});
const one = new PouchDB('one', { adapter: 'memory' });
const two = new PouchDB('two', { adapter: 'memory' });

const first = await one.replicate.from(remote);
await two.replicate.from(remote);
const { rows } = await one.allDocs({ include_docs: true });
const household = rows.find(({ doc }) => doc.type === 'household').doc;

// Two devices change the same household, one of them badly; a resident is new.
const stamp = (n, device) => `2026-11-24T08:00:0${n}.000Z-0000-${device}`;
const edited = (device, n, values) => ({
	...household,
	...values,
	updated: { at: stamp(n, device), by: 'integrator', device },
	stamps: {
		...household.stamps,
		...Object.fromEntries(Object.keys(values).map((field) => [field, stamp(n, device)])),
	},
});
await one.put(edited('0123abcd', 1, { note: '对接系统改' }));
await two.put(edited('0123abcd', 2, { members: 8 }));
const trace = { at: stamp(3, '0123abcd'), by: 'integrator', device: '0123abcd' };
await one.put({
	_id: 'resident:01J0000000000000000000000A',
	...{ type: 'resident', schema: 1, grid, household: household._id, name: '𠮷䶮·买买提' },
	...{ created: trace, updated: trace },
});
await one.put({
	_id: 'resident:01J0000000000000000000000B',
	...{ type: 'resident', schema: 1, grid, household: household._id, name: 7 },
	...{ created: trace, updated: trace },
});

const denied = [];
const pushed = await one.replicate.to(remote).on('denied', (row) => denied.push(row));
const second = await two.replicate.to(remote);

// The server merges; wait until a live document has one leaf again.
let merged;
for (let tries = 0; tries < 100; tries++) {
	await one.replicate.from(remote);
	merged = await one.get(household._id, { conflicts: true });
	if (merged.note === '对接系统改' && merged.members === 8 && !merged._conflicts) break;
	await new Promise((resolve) => setTimeout(resolve, 100));
}
await two.replicate.from(remote);
const seen = await two.get(household._id, { conflicts: true });
const again = await one.replicate.to(remote);

console.log(
	JSON.stringify({
		pulled: first.docs_written,
		remote: (await remote.info()).doc_count,
		household: household._id,
		denied,
		pushed: { ok: pushed.ok, failures: pushed.doc_write_failures, written: pushed.docs_written },
		second: { ok: second.ok, failures: second.doc_write_failures },
		merged: { note: merged.note, members: merged.members, conflicts: merged._conflicts ?? [] },
		same: merged._rev === seen._rev,
		again: again.docs_written,
	}),
);

// PouchDB 9 on a network that breaks off: pull a grid, work on it, push, trying again until it is done.
import { readFileSync } from 'node:fs';
import http from 'pouchdb-adapter-http';
import memory from 'pouchdb-adapter-memory';
import PouchDB from 'pouchdb-core';
import replication from 'pouchdb-replication';

PouchDB.plugin(http).plugin(memory).plugin(replication);

// PouchDB asks for the source's info beside a batch and looks at no error of it; a browser only logs.
process.on('unhandledRejection', () => {});

const { pull, push, direct, token, grid, visits, bad } = JSON.parse(readFileSync(0, 'utf-8'));
const open = (base) =>
	new PouchDB(`${base}/sync/${grid}`, {
		skip_setup: true,
		// The platform's own fetch, as in a browser: node-fetch may wait for ever for a cut reply.
		fetch: (address, { headers, method, body }) => {
			headers.set('authorization', `Bearer ${token}`);
			return fetch(address, { method, body, headers: [...headers] });
		},
	});
const server = open(direct);
const phone = new PouchDB('phone', { adapter: 'memory' });
const small = { batch_size: 20, batches_limit: 2 };
const failures = { pull: 0, push: 0 };

async function persist(what, replicate) {
	for (let tries = 0; tries < 400; tries++) {
		const feed = replicate();
		const done = await feed.catch((error) => error);
		if (done.ok) return;
		// One that failed would go on with the batches in hand, past those that it dropped, and move
		// the checkpoint over them.
		feed.cancel();
		failures[what]++;
	}
	throw new Error(`the ${what} never came through`);
}

const revs = async (db) => (await db.allDocs()).rows.map(({ id, value }) => [id, value.rev]);

const before = await revs(server);
await persist('pull', () => phone.replicate.from(open(pull), small));
const pulled = await revs(phone);

const { rows } = await phone.allDocs({ include_docs: true });
const household = rows.find(({ doc }) => doc.type === 'household').doc;
const trace = (n) => ({
	at: `2026-11-24T08:00:00.${String(n).padStart(3, '0')}Z-0000-0123abcd`,
	by: 'integrator',
	device: '0123abcd',
});
const made = Array.from({ length: visits }, (_, n) => ({
	_id: `visit:01J00000000000000000000${String(n).padStart(3, '0')}`,
	...{ type: 'visit', schema: 1, grid, household: household._id, outcome: 'no_change' },
	visited: n === bad ? '昨天' : '2026-11-24T08:00:00Z',
	note: `第 ${n} 次走访。`.repeat(20),
	...{ created: trace(n), updated: trace(n) },
}));
await phone.bulkDocs(made);
const changed = await phone.put({
	...household,
	note: '断线时改',
	updated: trace(999),
	stamps: { ...household.stamps, note: trace(999).at },
});
await persist('push', () => phone.replicate.to(open(push), small));

const feed = await server.changes({ style: 'all_docs', since: 0 });
console.log(
	JSON.stringify({
		failures,
		before,
		pulled,
		household: household._id,
		changed: changed.rev,
		made: made.map(({ _id }) => _id),
		there: await revs(server),
		leaves: feed.results.map(({ id, changes }) => [id, changes.length]),
		again: (await phone.replicate.to(server)).docs_written,
	}),
);

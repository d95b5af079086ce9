// Pulls each address into an empty PouchDB; prints the milliseconds of each.
import { readFileSync } from 'node:fs';
import http from 'pouchdb-adapter-http';
import memory from 'pouchdb-adapter-memory';
import PouchDB from 'pouchdb-core';
import replication from 'pouchdb-replication';

PouchDB.plugin(http).plugin(memory).plugin(replication);

const { urls, expected } = JSON.parse(readFileSync(0, 'utf-8'));
const times = [];
for (const [number, url] of urls.entries()) {
	const db = new PouchDB(`pull-${number}`, { adapter: 'memory' });
	const started = performance.now();
	const { docs_written } = await db.replicate.from(url, { batch_size: 500 });
	times.push(performance.now() - started);
	if (docs_written !== expected) throw new Error(`${url}: ${docs_written} documents`);
	await db.destroy();
}
console.log(JSON.stringify(times));

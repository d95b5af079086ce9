// A phone with PouchDB 9 as anybody would use it, told step by step (one JSON line each) what to do.
// It keeps its database, and with it PouchDB's own checkpoints, from step to step.
import { createInterface } from 'node:readline';
import http from 'pouchdb-adapter-http';
import memory from 'pouchdb-adapter-memory';
import PouchDB from 'pouchdb-core';
import replication from 'pouchdb-replication';

PouchDB.plugin(http).plugin(memory).plugin(replication);

const steps = {
	open({ url, token, grid, name }) {
		this.db = new PouchDB(name, { adapter: 'memory' });
		this.remote = new PouchDB(`${url}/sync/${grid}`, {
			skip_setup: true,
			fetch: (address, options) => {
				options.headers.set('authorization', `Bearer ${token}`);
				return PouchDB.fetch(address, options);
			},
		});
	},
	async put({ doc }) {
		const known = await this.db.get(doc._id).catch(() => null);
		const whole = known === null ? doc : { ...known, ...doc, _rev: known._rev };
		return (await this.db.put(whole)).rev;
	},
	async sync() {
		const denied = [];
		const note = (row) => denied.push(row.doc ?? row);
		const up = await this.db.replicate.to(this.remote).on('denied', note);
		const down = await this.db.replicate.from(this.remote);
		return { denied, sent: up.docs_written, received: down.docs_written };
	},
	async documents() {
		const options = { include_docs: true, conflicts: true };
		return (await this.db.allDocs(options)).rows.map(({ doc }) => doc);
	},
};

const phone = {};
for await (const line of createInterface({ input: process.stdin })) {
	const { step, ...given } = JSON.parse(line);
	console.log(JSON.stringify((await steps[step].call(phone, given)) ?? null));
}

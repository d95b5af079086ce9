// Runs a view's map function over documents, as CouchDB does; prints what it emits.
import { readFileSync } from 'node:fs';

const { map, documents } = JSON.parse(readFileSync(0, 'utf8'));
let rows = [];
globalThis.emit = (key, value) => rows.push([key, value]);
const run = new Function(`return (${map})`)();
const emitted = documents.map((document) => {
	rows = [];
	run(document);
	return rows;
});
process.stdout.write(JSON.stringify(emitted));

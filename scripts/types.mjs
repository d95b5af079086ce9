// Writes pwa/src/generated/records.ts from schema.json beside it. With --check it only compares and
// fails when the file is stale. Called by `python -m grid.schema_export`.
import { readFile, writeFile } from 'node:fs/promises';
import { compile } from 'json-schema-to-typescript';

const folder = new URL('../pwa/src/generated/', import.meta.url);
const target = new URL('records.ts', folder);
const BANNER =
	'// Written by `python -m grid.schema_export` from the models in grid/. Do not edit.';

/** Turns a label into a comment: as a `title` it would become the name of a type. */
function forTypes(node, isMember) {
	if (Array.isArray(node)) return node.map((child) => forTypes(child, false));
	if (node === null || typeof node !== 'object') return node;
	// A reference with a label of its own would become one more copy of the type.
	if (node.$ref) return { $ref: node.$ref };
	const { additionalProperties, default: _default, ...rest } = node;
	// Unknown members are kept, but an index signature would take away the checking of known ones.
	const out = typeof additionalProperties === 'object' ? { additionalProperties } : {};
	for (const [key, value] of Object.entries(rest)) {
		if (key === 'properties') {
			out[key] = Object.fromEntries(
				Object.entries(value).map(([name, member]) => [name, forTypes(member, true)]),
			);
		} else if (key === '$defs') {
			out[key] = Object.fromEntries(
				Object.entries(value).map(([name, member]) => [name, forTypes(member, false)]),
			);
		} else if (!(isMember && key === 'title')) {
			out[key] = forTypes(value, false);
		}
	}
	if (isMember && node['x-en']) out.description = `${node.title} · ${node['x-en']}`;
	// Bounds of lists would become tuple types of every length.
	delete out.maxItems;
	return out;
}

const schema = JSON.parse(await readFile(new URL('schema.json', folder), 'utf8'));
const source = await compile(forTypes(schema, false), 'AnyRecord', {
	additionalProperties: false,
	bannerComment: BANNER,
	format: true,
	style: { useTabs: true, printWidth: 100 },
	unreachableDefinitions: true,
});
if (process.argv.includes('--check')) {
	const current = await readFile(target, 'utf8').catch(() => '');
	if (current !== source) {
		console.error('pwa/src/generated/records.ts is stale: run python -m grid.schema_export');
		process.exitCode = 1;
	}
} else {
	await writeFile(target, source);
}

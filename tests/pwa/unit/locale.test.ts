import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const source = fileURLToPath(new URL('../../../pwa/src/', import.meta.url));

type Tree = { [key: string]: string | Tree };

function flat(tree: Tree, path = ''): [string, string][] {
	return Object.entries(tree).flatMap(([key, value]) =>
		typeof value === 'string'
			? [[`${path}${key}`, value] as [string, string]]
			: flat(value, `${path}${key}.`),
	);
}

/** Texts of a language, read from the files: importing them would compile them. */
function texts(...names: string[]): Map<string, string> {
	return new Map(
		names.flatMap((name) =>
			flat(JSON.parse(readFileSync(`${source}locale/${name}.json`, 'utf-8'))),
		),
	);
}

const zh = texts('zh', 'pages.zh');
const en = texts('en', 'pages.en');

function places(text: string): string[] {
	return [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name as string).sort();
}

test('Chinese and English say the same things', () => {
	expect([...en.keys()].sort()).toEqual([...zh.keys()].sort());
	for (const [key, text] of zh) expect(places(en.get(key) ?? ''), key).toEqual(places(text));
});

test('every text that the pages ask for is there, and none is left over', () => {
	const files = readdirSync(source, { recursive: true, encoding: 'utf-8' })
		.filter((name) => /\.(vue|ts)$/.test(name) && !name.startsWith('generated'))
		.map((name) => readFileSync(source + name, 'utf-8'))
		.join('\n');
	const asked = new Set([...files.matchAll(/\bt\(\s*'([\w.]+)'/g)].map(([, key]) => key as string));
	expect(asked.size).toBeGreaterThan(100);
	expect([...asked].filter((key) => !zh.has(key))).toEqual([]);
	// Keys may also be made of parts (`trouble.${kind}`) or stand in a table.
	const heads = [...files.matchAll(/`([\w.]+\.)\$\{/g)].map(([, head]) => head as string);
	const leftOver = [...zh.keys()].filter(
		(key) =>
			!files.includes(`'${key}'`) &&
			!files.includes(`"${key}"`) &&
			!heads.some((head) => key.startsWith(head)),
	);
	expect(leftOver).toEqual([]);
});

test('no page has Chinese of its own, but for the names of languages', () => {
	for (const name of readdirSync(source, { recursive: true, encoding: 'utf-8' })) {
		if (!name.endsWith('.vue')) continue;
		const text = readFileSync(source + name, 'utf-8').replace(
			/<!--[\s\S]*?-->|'中文'|简体中文/g,
			'',
		);
		const template = /<template>[\s\S]*<\/template>/.exec(text)?.[0] ?? '';
		expect(/\p{Script=Han}/u.test(template), name).toBe(false);
	}
});

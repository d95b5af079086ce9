// Builds the service worker: bundles src/sw.ts, then writes the list of files to keep into it.
// Part of `npm run build`, after vite has written the app.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { injectManifest } from 'workbox-build';

const here = fileURLToPath(new URL('.', import.meta.url));
const out = `${here}static/build`;

await build({
	configFile: false,
	root: here,
	logLevel: 'warn',
	publicDir: false,
	define: { 'process.env.NODE_ENV': '"production"' },
	build: {
		outDir: out,
		emptyOutDir: false,
		target: ['chrome99', 'safari15'],
		rolldownOptions: {
			input: `${here}src/sw.ts`,
			output: { format: 'iife', entryFileNames: 'sw.js' },
		},
	},
});

// The shell is made by the server and names the files of this build: their list is its version.
const files = readFileSync(`${out}/.vite/manifest.json`);
const template = readFileSync(`${here}templates/shell.html`);
const revision = createHash('sha256').update(files).update(template).digest('hex').slice(0, 16);

const { count, size, warnings } = await injectManifest({
	swSrc: `${out}/sw.js`,
	swDest: `${out}/sw.js`,
	globDirectory: here,
	globPatterns: [
		'static/build/assets/*.{js,css}',
		'static/icons/*.{png,svg}',
		'static/*.webmanifest',
	],
	globIgnores: ['static/build/sw.js'],
	modifyURLPrefix: { 'static/build/': '/app/', 'static/': '/app/' },
	dontCacheBustURLsMatching: /\/assets\//,
	additionalManifestEntries: [{ url: '/app/', revision }],
});
for (const warning of warnings) console.warn(warning);
console.log(`service worker: ${count} files, ${(size / 1024).toFixed(0)} KiB kept for offline use`);

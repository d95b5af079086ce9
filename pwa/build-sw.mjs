// Builds the service worker: bundles src/sw.ts, then writes the list of files to keep into it.
// Part of `npm run build`, after vite has written the app.
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

const manifest = JSON.parse(readFileSync(`${out}/.vite/manifest.json`, 'utf8'));
const version = Object.values(manifest).find((chunk) => chunk.isEntry).file;

const { count, size, warnings } = await injectManifest({
	swSrc: `${out}/sw.js`,
	swDest: `${out}/sw.js`,
	globDirectory: here,
	globPatterns: ['static/build/assets/*.{js,css}', 'static/icons/*.{png,svg}', 'static/*.webmanifest'],
	globIgnores: ['static/build/sw.js'],
	modifyURLPrefix: { 'static/build/': '/app/', 'static/': '/app/' },
	dontCacheBustURLsMatching: /\/assets\//,
	// The shell is made by the server; it names the entry, so the entry's name is its version.
	additionalManifestEntries: [{ url: '/app/', revision: version }],
});
for (const warning of warnings) console.warn(warning);
console.log(`service worker: ${count} files, ${(size / 1024).toFixed(0)} KiB kept for offline use`);

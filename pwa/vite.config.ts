import { fileURLToPath } from 'node:url';
import vue from '@vitejs/plugin-vue';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';
import { compiledMessages } from './compile-messages.ts';

const here = fileURLToPath(new URL('.', import.meta.url));

export default defineConfig({
	root: here,
	base: '/app/',
	publicDir: false,
	plugins: [vue(), compiledMessages() as Plugin],
	resolve: {
		alias: [
			{ find: /^vue-i18n$/, replacement: 'vue-i18n/dist/vue-i18n.runtime.esm-bundler.js' },
			// Vant's icons are a font (50 KiB) that we draw nothing with.
			{ find: /^.*\/icon\/index\.css$/, replacement: `${here}src/styles/none.css` },
		],
	},
	define: {
		__VUE_OPTIONS_API__: 'false',
		__VUE_PROD_DEVTOOLS__: 'false',
		__VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'false',
		__VUE_I18N_FULL_INSTALL__: 'false',
		__VUE_I18N_LEGACY_API__: 'false',
		__INTLIFY_PROD_DEVTOOLS__: 'false',
		__INTLIFY_DROP_MESSAGE_COMPILER__: 'true',
		// PouchDB's dependencies ask for Node's global.
		global: 'globalThis',
	},
	build: {
		outDir: 'static/build',
		emptyOutDir: true,
		manifest: true,
		target: ['chrome99', 'safari15'],
		modulePreload: { polyfill: false },
		rolldownOptions: { input: `${here}src/main.ts` },
	},
	test: {
		root: fileURLToPath(new URL('..', import.meta.url)),
		include: ['tests/pwa/**/*.test.ts'],
		environment: 'node',
		// Some tests ask the server's own rules, in Python: slow to start on a busy machine.
		testTimeout: 60_000,
	},
});

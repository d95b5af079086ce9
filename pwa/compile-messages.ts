import { baseCompile } from '@intlify/message-compiler';
import type { Plugin } from 'vite';

type Tree = { [key: string]: string | Tree };

/** Replace each message by its syntax tree: the page may compile nothing (no eval), nor need it. */
function compileTree(tree: Tree): Record<string, unknown> {
	return Object.fromEntries(
		Object.entries(tree).map(([key, value]) => [
			key,
			typeof value === 'string'
				? baseCompile(value, { jit: true, minify: true, location: false }).ast
				: compileTree(value),
		]),
	);
}

/** Compile the message catalogues in `src/locale/` while building. */
export function compiledMessages(): Plugin {
	return {
		name: 'wangge-messages',
		enforce: 'pre',
		transform(code, id) {
			if (!/\/src\/locale\/[a-z.]+\.json$/.test(id)) return null;
			return {
				code: `export default ${JSON.stringify(compileTree(JSON.parse(code)))}`,
				map: null,
				moduleType: 'js',
			};
		},
	};
}

// Copies htmx to where the console serves it from: part of `npm run build`.
import { copyFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const source = createRequire(import.meta.url).resolve('htmx.org/dist/htmx.min.js');
copyFileSync(source, new URL('./static/htmx.min.js', import.meta.url));

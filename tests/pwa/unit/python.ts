import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';

// Tests run from the project's root.
const root = resolve('.');

/** Run a Python script of ours on `input`; both speak JSON. The script finds it as `given` and sets
 * `answer`. */
export function python<T>(script: string, input: unknown): T {
	const whole = `import json, sys\ngiven = json.load(sys.stdin)\n${script}\nprint(json.dumps(answer))`;
	const output = execFileSync(`${root}/.venv/bin/python`, ['-c', whole], {
		cwd: root,
		input: JSON.stringify(input),
		encoding: 'utf-8',
	});
	return JSON.parse(output) as T;
}

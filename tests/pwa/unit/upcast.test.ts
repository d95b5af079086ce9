import fc from 'fast-check';
import { expect, test } from 'vitest';
import { upcast } from '../../../pwa/src/data/upcast';
import { python } from './python';

const OLD = '2026-11-24T08:00:00.000Z-0000-0000000a';
const NEW = '2026-11-24T09:00:00.000Z-0000-0000000b';

const residents = fc.record(
	{
		type: fc.constantFrom('resident', 'household'),
		schema: fc.constantFrom(1, 2, 3),
		living_here: fc.constantFrom(true, false, null, 'odd'),
		presence: fc.constantFrom('here', 'partly', 'away'),
		name: fc.constant('黄水生'),
		stamps: fc.dictionary(
			fc.constantFrom('living_here', 'presence', 'name'),
			fc.constantFrom(OLD, NEW),
		),
	},
	{ requiredKeys: ['type', 'schema'] },
);

test('the phone brings older records up as the server does', () => {
	const records = fc.sample(residents, { numRuns: 400, seed: 1 });
	const expected = python<unknown[]>(
		`
from grid.models import upcast
answer = [dict(upcast(record)) for record in given]
`,
		records,
	);
	expect(records.map((record) => upcast(record))).toEqual(expected);
});

test('a record of today or of a newer program stays the same object', () => {
	for (const schema of [2, 3]) {
		const record = { type: 'resident', schema, presence: 'here' };
		expect(upcast(record)).toBe(record);
	}
	const newer = { type: 'resident', schema: 3, living_here: true };
	expect(upcast(newer)).toBe(newer);
});

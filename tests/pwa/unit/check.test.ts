// @vitest-environment jsdom
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { maskIdNumber, maskName, maskPhone } from '../../../pwa/src/display/mask';
import { checkForm, factsOfId, fault, idNumberFault, tidy } from '../../../pwa/src/forms/check';
import type { Control } from '../../../pwa/src/forms/fields';
import { python } from './python';

const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

/** Numbers of region 990000, which is nobody's; nearly right ones among them. */
const idNumbers = fc
	.record({
		day: fc.integer({ min: 0, max: 45_000 }),
		order: fc.integer({ min: 0, max: 999 }),
		slip: fc.constantFrom('', '', 'digit', 'date', 'short', 'letter'),
	})
	.map(({ day, order, slip }) => {
		const date = new Date(Date.UTC(1900, 0, 1 + day)).toISOString().slice(0, 10).replace(/-/g, '');
		const body = `990000${slip === 'date' ? '20230230' : date}${String(order).padStart(3, '0')}`;
		const sum = WEIGHTS.reduce((total, weight, i) => total + weight * Number(body[i]), 0);
		const right = '10X98765432'[sum % 11] as string;
		if (slip === 'digit') return body + (right === '7' ? '8' : '7');
		if (slip === 'short') return body;
		if (slip === 'letter') return `${body}A`;
		return body + right;
	});

test('the phone takes the id numbers that the server takes', () => {
	const numbers = fc.sample(idNumbers, { numRuns: 500, seed: 1 });
	const taken = python<boolean[]>(
		`
from grid.idnumber import id_number_fault
answer = [id_number_fault(number) is None for number in given]
`,
		numbers,
	);
	expect(numbers.map((number) => idNumberFault(number) === null)).toEqual(taken);
	expect(new Set(taken).size).toBe(2);
});

test('the phone masks as the server masks', () => {
	const texts = [
		...['黄水生', '李', '欧阳小明', '阿依古丽·买买提', '𠮷䶮', 'a'.repeat(20)],
		...['12000001111', '0668-5551234', '+8612000001111', '110', '１２０', '990000199001010012'],
		...['99000019900101001X', '99000019900101001x', '123456789012345', 'abc'],
	];
	const expected = python<string[][]>(
		`
from grid.masking import mask_name, mask_phone, mask_id_number
answer = [[mask_name(t), mask_phone(t), mask_id_number(t)] for t in given]
`,
		texts,
	);
	expect(texts.map((text) => [maskName(text), maskPhone(text), maskIdNumber(text)])).toEqual(
		expected,
	);
});

test('an id number states birth date and sex', () => {
	expect(factsOfId('990000199001010012')).toBeNull(); // mistyped
	const [number] = fc
		.sample(idNumbers, { numRuns: 200, seed: 2 })
		.filter((text) => idNumberFault(text) === null);
	expect(factsOfId(number as string)?.birth_date.replace(/-/g, '')).toBe(number?.slice(6, 14));
});

test.each<[Control, string, string]>([
	['name', '  阿依古丽・买买提 ', '阿依古丽·买买提'],
	['name', '王  小明', '王 小明'],
	['id', '990000 19900101 001x', '99000019900101001X'],
	['phone', ' １２０００００１１１１ ', '12000001111'],
	['long', '两行\n  缩进 \n', '两行\n  缩进'],
	['text', 'e\u0301', 'é'],
])('%s: %j is stored as %j', (control, typed, stored) => {
	expect(tidy(control, typed)).toBe(stored);
});

test.each<[Control, unknown, string | null]>([
	['name', '𠮷䶮·', null],
	['name', '王\u200b明', 'check.name'],
	['name', '王😀', 'check.name'],
	['phone', '12000001111', null],
	['phone', '0668-5551234', null],
	['phone', '12a', 'check.phone'],
	['date', '2999-01-01', 'check.future'],
	['number', '-1', 'check.number'],
	['number', 'abc', 'check.number'],
])('%s %j: %s', (control, value, expected) => {
	expect(fault({ name: 'x', control }, value)).toBe(expected);
});

test('length is counted in characters, not in halves of them', () => {
	expect(fault({ name: 'x', control: 'name' }, '𠮷'.repeat(60))).toBeNull();
	expect(fault({ name: 'x', control: 'name' }, '𠮷'.repeat(61))).toBe('check.long');
	expect(fault({ name: 'x', control: 'long' }, '𠮷'.repeat(4000))).toBeNull();
	expect(fault({ name: 'x', control: 'long' }, '𠮷'.repeat(4001))).toBe('check.long');
});

test('a form tells every fault at its field, and a missing answer too', () => {
	const values: Record<string, unknown> = { phone: ' １２ ', members: 201 };
	const groups = [
		{
			fields: [
				{ name: 'address', control: 'text', required: true },
				{ name: 'phone', control: 'phone' },
				{ name: 'members', control: 'number' },
				{ name: 'note', control: 'long' },
			],
		},
	] as const;
	expect(checkForm(groups, values)).toEqual({
		address: 'check.required',
		phone: 'check.phone',
		members: 'check.members',
	});
	expect(values.phone).toBe('12');
});

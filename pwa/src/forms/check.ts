/** What is wrong with a value that was typed; the server checks the same again. Pure. */
import { today } from '../display/time';
import type { Control, FormField, FormGroup } from './fields';

/** Message key of a fault, or `null`. */
export type Fault = string | null;

const SHORT = 200;
const LONG = 4000;
const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

/** Fault of a citizen's id number (GB 11643): 18 characters, a real date, the check character. */
export function idNumberFault(text: string): Fault {
	if (!/^[0-9]{17}[0-9X]$/.test(text)) return 'check.idLength';
	const born = `${text.slice(6, 10)}-${text.slice(10, 12)}-${text.slice(12, 14)}`;
	const date = new Date(`${born}T00:00:00Z`);
	if (Number.isNaN(date.getTime()) || date.toISOString().slice(0, 10) !== born)
		return 'check.idDate';
	const sum = WEIGHTS.reduce((total, weight, i) => total + weight * Number(text[i]), 0);
	return '10X98765432'[sum % 11] === text[17] ? null : 'check.idMistyped';
}

/** Birth date and sex that an id number states. */
export function factsOfId(text: string): { birth_date: string; sex: string } | null {
	if (idNumberFault(text)) return null;
	const birth_date = `${text.slice(6, 10)}-${text.slice(10, 12)}-${text.slice(12, 14)}`;
	return { birth_date, sex: Number(text[16]) % 2 ? '1' : '2' };
}

/** Put what was typed into the form that is stored: no blanks around, X in capitals, the middle dot
 * of names. */
export function tidy(control: Control, value: unknown): unknown {
	if (typeof value !== 'string') return value;
	if (control === 'long') return value.trimEnd();
	const text = value.normalize('NFC').trim();
	if (control === 'name') return text.replace(/[•・･‧∙⋅．。｡]/g, '·').replace(/\s+/g, ' ');
	if (control === 'id') return text.replace(/\s/g, '').toUpperCase();
	if (control === 'phone') return text.replace(/[０-９]/g, (d) => String(d.charCodeAt(0) - 0xff10));
	return text;
}

function textFault(control: Control, text: string): Fault {
	if ([...text].length > (control === 'long' ? LONG : control === 'name' ? 60 : SHORT)) {
		return 'check.long';
	}
	if (control === 'id') return idNumberFault(text);
	if (control === 'phone') {
		return /^\+?[0-9 -]+$/.test(text) && /^[0-9]{5,20}$/.test(text.replace(/[+ -]/g, ''))
			? null
			: 'check.phone';
	}
	if (control === 'name' && /[\p{Cc}\p{Cf}\p{So}\p{Sk}]/u.test(text)) return 'check.name';
	if (control === 'date' && text > today()) return 'check.future';
	return null;
}

export function fault(field: FormField, value: unknown): Fault {
	const empty = value === undefined || value === null || value === '';
	if (empty) return field.required ? 'check.required' : null;
	if (field.control === 'number') {
		const number = Number(value);
		if (!Number.isFinite(number) || number < 0) return 'check.number';
		return field.name === 'members' && (number > 200 || !Number.isInteger(number))
			? 'check.members'
			: null;
	}
	return typeof value === 'string' ? textFault(field.control, value) : null;
}

/** Tidy all values of a form in place, and return its faults by field. */
export function checkForm(
	groups: readonly FormGroup[],
	values: Record<string, unknown>,
): Record<string, string> {
	const faults: Record<string, string> = {};
	for (const field of groups.flatMap((group) => group.fields)) {
		if (values[field.name] === undefined) {
			if (field.required) faults[field.name] = 'check.required';
			continue;
		}
		const tidied = tidy(field.control, values[field.name]);
		if (tidied !== values[field.name]) values[field.name] = tidied;
		const found = fault(field, tidied);
		if (found) faults[field.name] = found;
	}
	return faults;
}

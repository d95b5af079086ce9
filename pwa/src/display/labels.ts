/** Fields and coded values in words, in the language of the page. */
import { CHOICES, DICTIONARIES, type Entry } from '../generated/dictionaries';
import { FIELD_LABELS, TYPE_LABELS, type Words } from '../generated/labels';
import { language } from '../i18n';

/** Dictionaries of coded fields that are not plain choices, by `type.field`. */
const CODED: Record<string, string> = {
	'resident.sex': 'sex',
	'resident.ethnic': 'ethnic',
	'resident.marital': 'marital',
	'resident.education': 'education',
	'resident.politics': 'politics',
	'resident.relation': 'kinship',
	'event.category': 'event_category',
	'event.status': 'event_status',
	'dispute.category': 'dispute_category',
	'dispute.scale': 'dispute_scale',
	'dispute.status': 'dispute_status',
	'task.status': 'task_status',
	'campaign-record.status': 'campaign_status',
};

function word(words: Words | undefined, otherwise: string): string {
	return words?.[language.value === 'en' ? 1 : 0] ?? otherwise;
}

export function typeLabel(type: string): string {
	return word(TYPE_LABELS[type], type);
}

export function fieldLabel(type: string, field: string): string {
	return word(FIELD_LABELS[type]?.[field], field);
}

/** The codes a field may have, in order; empty for a field that is not coded. */
export function entriesOf(type: string, field: string): readonly Entry[] {
	const key = `${type}.${field}`;
	return CHOICES[key] ?? DICTIONARIES[CODED[key] ?? '']?.entries ?? [];
}

export function entryText(entry: Entry): string {
	return language.value === 'en' ? entry[2] : entry[1];
}

/** Return a code's words; an unknown code (of a newer server) as it is. */
export function codeText(type: string, field: string, code: unknown): string {
	const entry = entriesOf(type, field).find(([known]) => known === code);
	return entry ? entryText(entry) : String(code ?? '');
}

/** Return a field's value as people read it; an empty text for nothing. */
export function valueText(type: string, field: string, value: unknown): string {
	if (value === undefined || value === null || value === '') return '';
	if (typeof value === 'boolean')
		return language.value === 'en' ? (value ? 'yes' : 'no') : value ? '是' : '否';
	if (Array.isArray(value)) {
		const parts = value.map((part) => valueText(type, field, part)).filter(Boolean);
		return parts.join(language.value === 'en' ? ', ' : '、');
	}
	if (typeof value === 'object') {
		const named = value as { label?: string; text?: string; name?: string };
		return named.label ?? named.text ?? named.name ?? '';
	}
	return codeText(type, field, value);
}

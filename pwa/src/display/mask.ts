/** Personal data as shown in lists; the same forms as `grid/masking.py`. */

const HIDDEN = '***';

/** Keep the first character: 黄水生 → 黄**. */
export function maskName(name: unknown): string {
	const characters = [...String(name ?? '')];
	if (!characters.length) return '';
	const kept = characters.length > 1 ? characters[0] : '';
	return kept + '*'.repeat(Math.max(1, Math.min(characters.length - 1, 5)));
}

/** Keep the first three and last four: 12000001111 → 120****1111. */
export function maskPhone(phone: unknown): string {
	const text = String(phone ?? '');
	if (!text) return '';
	return /^\+?(?:[0-9][ -]?){11,}$/.test(text)
		? `${text.slice(0, 3)}****${text.slice(-4)}`
		: HIDDEN;
}

/** Keep region and last four: 990000199001010012 → 990000********0012. */
export function maskIdNumber(id: unknown): string {
	const text = String(id ?? '');
	if (!text) return '';
	return /^[0-9]{17}[0-9X]$/i.test(text) ? `${text.slice(0, 6)}********${text.slice(-4)}` : HIDDEN;
}

const MASKS: Record<string, (value: unknown) => string> = {
	name: maskName,
	former_name: maskName,
	head_name: maskName,
	owner_name: maskName,
	guardian_name: maskName,
	reporter_name: maskName,
	met: maskName,
	phone: maskPhone,
	owner_phone: maskPhone,
	guardian_phone: maskPhone,
	reporter_phone: maskPhone,
	responsible_name: maskName,
	responsible_phone: maskPhone,
	safety_name: maskName,
	safety_phone: maskPhone,
	legal_name: maskName,
	legal_phone: maskPhone,
	mediators: maskName,
	home_address: () => HIDDEN,
	id_number: maskIdNumber,
	birth_date: (value) => String(value ?? '').slice(0, 4),
	household_number: () => HIDDEN,
	registered_address: () => HIDDEN,
	workplace: () => HIDDEN,
	care: () => HIDDEN,
};

/** Return a field's value masked, or as it is when the field is not personal. */
export function maskValue(field: string, value: unknown): unknown {
	const mask = MASKS[field];
	if (!mask || value === undefined || value === null || value === '') return value;
	return Array.isArray(value) ? value.map(mask) : mask(value);
}

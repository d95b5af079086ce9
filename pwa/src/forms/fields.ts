/** Which fields a form asks for, in which order, and with what control. Biggest question first. */

export type Control =
	| 'text'
	| 'name'
	| 'phone'
	| 'id'
	| 'date'
	| 'number'
	| 'choice'
	| 'select'
	| 'yesno'
	| 'tags'
	| 'long';

export interface FormField {
	name: string;
	control: Control;
	required?: boolean;
	/** Codes that are offered first; the others follow in their own order. */
	first?: readonly string[];
	/** Proposals for a list of words, in Chinese as they are stored. */
	proposals?: readonly string[];
}

export interface FormGroup {
	/** Message key of the heading; groups with one are folded at first. */
	title?: string;
	fields: readonly FormField[];
}

const HAZARDS = ['私拉电线', '电动车入户', '煤气瓶', '消防通道堵塞', '危房', '白蚁', '临崖临水'];
const TAGS = ['独居老人', '残疾', '低保', '军属', '出租屋', '留守儿童', '慢性病'];
const CARE = ['独居老人', '留守儿童', '残疾人', '低保', '困境儿童', '重病'];
const SKILLS = ['电工', '医护', '驾驶', '厨师', '水性好', '方言翻译'];

const DOOR: readonly FormField[] = [
	{ name: 'address', control: 'text', required: true },
	{ name: 'room', control: 'text' },
	{ name: 'building', control: 'text' },
	{ name: 'unit', control: 'text' },
];

const LIVING: readonly FormField[] = [
	{ name: 'phone', control: 'phone' },
	{ name: 'members', control: 'number' },
	{ name: 'residence_type', control: 'choice' },
	{ name: 'status', control: 'choice' },
	{ name: 'head_name', control: 'name' },
	{ name: 'hazards', control: 'tags', proposals: HAZARDS },
	{ name: 'tags', control: 'tags', proposals: TAGS },
	{ name: 'note', control: 'long' },
];

const HOUSE: readonly FormField[] = [
	{ name: 'housing_use', control: 'choice' },
	{ name: 'area', control: 'number' },
	{ name: 'household_number', control: 'text' },
	{ name: 'owner_name', control: 'name' },
	{ name: 'owner_phone', control: 'phone' },
];

/** Form of a household that is known. */
export const HOUSEHOLD_EDIT: readonly FormGroup[] = [
	{ fields: LIVING },
	{ title: 'form.house', fields: [...DOOR, ...HOUSE] },
];

/** Form of a new household. */
export const HOUSEHOLD_NEW: readonly FormGroup[] = [
	{ fields: [...DOOR.slice(0, 2), ...LIVING] },
	{ title: 'form.house', fields: [...DOOR.slice(2), ...HOUSE] },
];

export const RESIDENT_FORM: readonly FormGroup[] = [
	{
		fields: [
			{ name: 'name', control: 'name', required: true },
			{ name: 'relation', control: 'select' },
			{ name: 'id_number', control: 'id' },
			{ name: 'sex', control: 'choice', first: ['1', '2'] },
			{ name: 'birth_date', control: 'date' },
			{ name: 'phone', control: 'phone' },
			{ name: 'population', control: 'choice' },
			{ name: 'presence', control: 'choice' },
			{ name: 'status', control: 'choice' },
			{ name: 'care', control: 'tags', proposals: CARE },
			{ name: 'note', control: 'long' },
		],
	},
	{
		title: 'form.more',
		fields: [
			{ name: 'no_id_reason', control: 'text' },
			{ name: 'former_name', control: 'name' },
			{ name: 'ethnic', control: 'select' },
			{ name: 'marital', control: 'select' },
			{ name: 'education', control: 'select' },
			{ name: 'politics', control: 'select' },
			{ name: 'occupation', control: 'text' },
			{ name: 'workplace', control: 'text' },
			{ name: 'registered_address', control: 'text' },
			{ name: 'guardian_name', control: 'name' },
			{ name: 'guardian_phone', control: 'phone' },
			{ name: 'arrived', control: 'date' },
			{ name: 'arrived_why', control: 'text' },
			{ name: 'skills', control: 'tags', proposals: SKILLS },
		],
	},
];

/** The names of all fields of a form. */
export function fieldNames(groups: readonly FormGroup[]): string[] {
	return groups.flatMap((group) => group.fields.map(({ name }) => name));
}

/** The values of a form's fields in a record: what an edit begins with. */
export function pick(
	groups: readonly FormGroup[],
	record: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
	const named = fieldNames(groups).filter((name) => record[name] !== undefined);
	return Object.fromEntries(named.map((name) => [name, record[name]]));
}

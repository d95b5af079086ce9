/** Records of older schemas brought up to date; the same rewrites as `grid/models/upcast.py`. Pure. */
import { type Recode, SCHEMAS, UPCASTS } from '../generated/schemas';

type Fields = Readonly<Record<string, unknown>>;

function recoded(recode: Recode, value: unknown): unknown {
	const pair = recode.values.find(([old]) => old === value);
	return pair ? pair[1] : value;
}

function rewrite(recode: Recode, record: Fields): Fields {
	const found = record.stamps as Record<string, unknown> | undefined;
	const stamps = { ...found };
	if (!(recode.old in record) && !(recode.old in stamps)) return record;
	const oldStamp = stamps[recode.old];
	delete stamps[recode.old];
	const rest: Record<string, unknown> = { ...record };
	delete rest[recode.old];
	const known = recode.new in record || recode.new in stamps;
	const newStamp = stamps[recode.new];
	const later =
		typeof oldStamp === 'string' && (typeof newStamp !== 'string' || oldStamp > newStamp);
	if (!known || later) {
		delete rest[recode.new];
		if (recode.old in record) rest[recode.new] = recoded(recode, record[recode.old]);
		if (oldStamp !== undefined) stamps[recode.new] = oldStamp;
	}
	if (found) rest.stamps = stamps;
	return rest;
}

/** Return a record in the schema of this app; itself when there is nothing to do, and when its
 * schema is newer than ours. */
export function upcast<T extends Fields>(record: T): T {
	const type = String(record.type ?? '');
	const rewrites = UPCASTS[type];
	const current = SCHEMAS[type];
	const version = record.schema;
	if (!rewrites || current === undefined || typeof version !== 'number' || version > current)
		return record;
	const done = rewrites.reduce<Fields>((so, recode) => rewrite(recode, so), record);
	return (version === current ? done : { ...done, schema: current }) as T;
}

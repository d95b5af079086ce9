// nano, CouchDB's own client for Node, unchanged, on one grid.
import { readFileSync } from 'node:fs';
import Nano from 'nano';

const { url, token, grid } = JSON.parse(readFileSync(0, 'utf-8'));
// `parseUrl: false`: the path is not the name of a database.
const nano = Nano({
	url: `${url}/sync`,
	parseUrl: false,
	headers: { authorization: `Bearer ${token}` },
});
const db = nano.use(grid);

const info = await db.info();
const all = await db.list({ include_docs: true, limit: 500 });
const changes = await db.changes({ include_docs: true, style: 'all_docs' });
const household = all.rows.map(({ doc }) => doc).find(({ type }) => type === 'household');

const unnamed = await db.insert({ type: 'visit', household: household._id }).catch((e) => e);
const visit = {
	...{ type: 'visit', household: household._id, kind: 'routine', outcome: 'no_change' },
	visited: '2026-11-24T08:00:00Z',
};
const inserted = await db.insert(visit, 'visit:01J0000000000000000000000N').catch((e) => e);
const stored = inserted.ok ? await db.get(inserted.id) : null;
const changed = stored ? await db.insert({ ...stored, note: '补记' }) : null;
const clash = stored ? await db.insert({ ...stored, note: '旧版本' }).catch((e) => e) : null;
const removed = changed ? await db.destroy(changed.id, changed.rev) : null;
const gone = await db.get('visit:01J0000000000000000000000N').catch((e) => e);
const bulk = await db.bulk({ docs: [{ _id: 'nonsense' }] }).catch((e) => e);
const fetched = await db.fetch({ keys: [household._id, 'household:missing'] });

console.log(
	JSON.stringify({
		info: { db_name: info.db_name, doc_count: info.doc_count },
		listed: all.rows.length,
		changes: changes.results.length,
		unnamed: { status: unnamed.statusCode, code: unnamed.code },
		inserted: inserted.ok ?? inserted.reason,
		by: stored?.updated?.by,
		changed: changed?.ok,
		clash: clash?.statusCode,
		removed: removed?.ok,
		gone: gone.statusCode,
		bulk: bulk.map?.(({ error, code }) => ({ error, code })) ?? bulk.reason,
		fetched: fetched.rows.map(({ doc, error }) => (doc ? 'found' : error)),
	}),
);

// The queue as the API last told it, and the drafts that were looked at.

import { api, list } from '../../lib/api.js';

const PAGE = 25;
const MOST_REFRESHED = 100;
const KEPT_DETAILS = 40;
const FRESH_MS = 3_000;

export const FILTERS = ['status', 'risk', 'channel', 'q'];

export function filtersOf(query) {
  const wanted = Object.fromEntries(FILTERS.map((name) => [name, query.get(name) ?? '']));
  return { ...wanted, status: wanted.status === 'decided' ? 'decided' : 'waiting' };
}

export function store(filters, signal) {
  const details = new Map();
  const told = new WeakMap(); // when a draft was last told
  const asked = new Map(); // drafts on their way
  const desk = { filters, rows: [], cursor: '', counts: {} };
  let turn = 0;

  const fetchPage = (more) => list('/api/cx/approvals', { ...desk.filters, signal, ...more });

  async function fetchDetail(id) {
    const detail = await api(`/api/cx/approvals/${encodeURIComponent(id)}`, { signal });
    details.delete(id);
    details.set(id, detail);
    told.set(detail, performance.now());
    if (details.size > KEPT_DETAILS) details.delete(details.keys().next().value);
    const line = desk.rows.find((row) => row.id === id);
    if (line) Object.keys(line).forEach((name) => { if (name in detail) line[name] = detail[name]; });
    return detail;
  }

  return Object.assign(desk, {
    details,
    /** The list again, as long as it is now. Answers false when a later wish has overtaken it. */
    async load() {
      turn += 1;
      const mine = turn;
      const page = await fetchPage({ limit: Math.min(MOST_REFRESHED, Math.max(PAGE, desk.rows.length)) });
      if (mine !== turn) return false;
      Object.assign(desk, { rows: page.data, cursor: page.next_cursor ?? '', counts: page.counts ?? {} });
      return true;
    },
    async more() {
      const mine = turn;
      const page = await fetchPage({ limit: PAGE, cursor: desk.cursor });
      if (mine !== turn) return;
      const known = new Set(desk.rows.map((row) => row.id));
      Object.assign(desk, { rows: [...desk.rows, ...page.data.filter((row) => !known.has(row.id))], cursor: page.next_cursor ?? '' });
    },
    /** One draft with everything behind it; its line in the queue follows. Who asks while it is on its way waits for the same answer. */
    detail(id) {
      if (!asked.has(id)) asked.set(id, fetchDetail(id).finally(() => asked.delete(id)));
      return asked.get(id);
    },
    /** Just told: asking again would tell the same. */
    fresh: (id) => details.has(id) && performance.now() - told.get(details.get(id)) < FRESH_MS,
    index: (id) => desk.rows.findIndex((row) => row.id === id),
    /** The next one that waits for a decision, from here downwards and then from the top. */
    after(id) {
      const at = desk.rows.findIndex((row) => row.id === id);
      return [...desk.rows.slice(at + 1), ...desk.rows.slice(0, Math.max(0, at))].find((row) => row.status === 'pending') ?? null;
    },
    newerThan: (detail) => desk.rows.find((row) => row.conversation_id === detail.conversation_id && row.id !== detail.id && row.status === 'pending' && row.number > detail.number) ?? null,
  });
}

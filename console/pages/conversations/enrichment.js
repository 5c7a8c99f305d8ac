// Enriches conversations, a hundred at a time in turn, and follows the runs to their end.

import { $, html, on, paint } from '../../lib/dom.js';
import { api } from '../../lib/api.js';
import { poll } from '../../lib/poll.js';
import { busy, complain } from '../../lib/ui.js';
import { board, byCategory, sentence } from './enrichment-views.js';

const AT_ONCE = 100;
const EVERY_MS = 2_000;
const BASE = '/api/conversations/bulk-enrich';
const RETRY = { method: 'POST', prefer: 'respond-async' };

/**
 * `start(ids)` asks for runs, `begin(call)` for one run of another address, `watch(runIds)` follows those that are known.
 * `changed({going, runs})` is told whenever something was settled, so that lists can follow.
 */
export function enrichment(region, { signal, mayRetry, name, changed = () => {} }) {
  let runs = []; // {id, ids, answer}, in the order they were asked for
  let waiting = []; // {ids, key}: one wish each, whatever happens to its answer
  let problem = null;
  let stale = false;
  let asking = false;
  let following = null;

  paint(region, html`<p class="sr" role="status" data-spoken></p><div data-board></div>`);
  const goes = () => asking || (waiting.length > 0 && !problem) || runs.some((run) => run.answer.status === 'running');

  /** What became of each conversation: its newest run tells. One that is skipped because an earlier run did it stays as it was. */
  function results() {
    const latest = new Map();
    for (const { ids, answer } of runs) {
      ids.forEach((id) => latest.delete(id));
      for (const one of answer.results) {
        if (one.status !== 'skipped' || !latest.has(one.conversationId)) latest.set(one.conversationId, one);
      }
    }
    return [...latest.values()];
  }
  function summary(settled) {
    const of = (status) => settled.filter((one) => one.status === status).length;
    const pending = runs.reduce((sum, run) => sum + (run.answer.summary.pending ?? 0), 0) + left();
    return { successful: of('enriched'), failed: of('failed'), skipped: of('skipped'), pending, total: settled.length + pending };
  }
  const left = () => waiting.reduce((sum, chunk) => sum + chunk.ids.length, 0);

  function show() {
    const settled = results();
    const figures = summary(settled);
    const shown = runs.length > 0 || waiting.length > 0 || problem;
    paint($('[data-board]', region), shown ? board({ summary: figures, waiting: left(), problem, stale, going: goes() }, { mayRetry, name, failed: settled.filter((one) => one.status === 'failed') }) : '');
    if (runs.length > 0 && !goes()) paint($('[data-spoken]', region), `${sentence(figures)}.`);
  }
  const tell = () => { show(); changed({ going: goes(), runs: runs.map((run) => run.id) }); };

  async function askNext() {
    if (asking || problem || waiting.length === 0) return;
    asking = true;
    const [chunk] = waiting;
    try {
      const answer = await api(BASE, { ...RETRY, key: chunk.key, signal, body: { conversationIds: chunk.ids, sequential: false } });
      waiting = waiting.filter((one) => one !== chunk);
      runs.push({ id: answer.run_id, ids: chunk.ids, answer });
    } catch (error) {
      if (signal.aborted) return;
      problem = error;
    } finally {
      asking = false;
    }
    tell();
    follow();
  }

  async function look() {
    const open = runs.filter((run) => run.answer.status === 'running');
    const before = open.map((run) => run.answer.results.length).join();
    try {
      for (const run of open) run.answer = await api(`${BASE}/${run.id}`, { signal });
      stale = false;
    } catch (error) {
      stale = true;
      show();
      throw error;
    }
    const moved = open.map((run) => run.answer.results.length).join() !== before || open.some((run) => run.answer.status !== 'running');
    if (moved) tell(); else show();
    if (runs.some((run) => run.answer.status === 'running')) return moved ? 'changed' : 'same';
    following = null;
    askNext();
    return 'done';
  }
  function follow() {
    if (following || !runs.some((run) => run.answer.status === 'running')) { if (!following) askNext(); return; }
    following = poll(look, { every: EVERY_MS, slowest: 10_000, signal });
  }

  function start(ids) {
    for (let i = 0; i < ids.length; i += AT_ONCE) waiting.push({ ids: ids.slice(i, i + AT_ONCE), key: crypto.randomUUID() });
    show();
    return askNext();
  }
  async function begin(path) {
    const answer = await api(path, { ...RETRY, signal });
    runs = [{ id: answer.run_id, ids: [], answer }];
    tell();
    follow();
  }
  /** A run that does not exist any more is no reason to complain. */
  async function watch(ids) {
    for (const id of ids.filter((one) => !runs.some((run) => run.id === one))) {
      try {
        runs.push({ id, ids: [], answer: await api(`${BASE}/${id}`, { signal }) });
      } catch (error) { if (error.status !== 404 && error.status !== 400) complain(error); }
    }
    show();
    if (goes()) changed({ going: true, runs: runs.map((run) => run.id) });
    follow();
  }

  const failed = () => results().filter((one) => one.status === 'failed');
  on(region, 'click', '[data-retry-category]', (_, button) => {
    const wanted = byCategory(failed()).find((group) => group.category === button.dataset.retryCategory);
    if (wanted) start(wanted.ids);
  }, signal);
  on(region, 'click', '[data-retry-all]', (_, button) => busy(button, async () => {
    if (runs.length > 1) { await start(failed().map((one) => one.conversationId)); return; }
    try {
      runs[0].answer = await api(`${BASE}/${runs[0].id}/retry`, { ...RETRY, signal });
      tell();
      follow();
    } catch (error) { complain(error, 'Nothing was retried. '); }
  }), signal);
  on(region, 'click', '[data-go-on]', () => { problem = null; show(); askNext(); }, signal);
  on(region, 'click', '[data-leave-them]', () => { problem = null; waiting = []; tell(); }, signal);
  on(region, 'click', '[data-dismiss]', () => { runs = []; tell(); }, signal);

  return { start, begin, watch, going: goes };
}

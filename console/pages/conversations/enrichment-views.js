// What enriching looks like while it goes on and when it is over: one line of figures, what failed and why.

import { html } from '../../lib/dom.js';
import { count, percent, plural } from '../../lib/format.js';
import { icon } from '../../lib/icons.js';
import { bar, note } from '../../lib/ui.js';
import { CATEGORIES, categoryName } from './words.js';

const REASONS_SHOWN = 4;
const NAMED = 5;

/** Failed results by category, the largest first; in each the reasons, the most frequent first. */
export function byCategory(results) {
  const groups = new Map();
  for (const { conversationId: id, error, error_category: category } of results) {
    const group = groups.get(category ?? '') ?? { category: category ?? '', ids: [], reasons: new Map() };
    group.ids.push(id);
    group.reasons.set(error ?? 'No reason was given.', [...(group.reasons.get(error ?? 'No reason was given.') ?? []), id]);
    groups.set(category ?? '', group);
  }
  return [...groups.values()].sort((a, b) => b.ids.length - a.ids.length);
}

const links = (ids, name) => html`<span class="small">${ids.slice(0, NAMED).map((id, i) => html`${i > 0 && ', '}<a href="#/conversations/${id}">${name(id)}</a>`)}${ids.length > NAMED && html` and ${count(ids.length - NAMED)} more`}</span>`;

function group({ category, ids, reasons }, { name, mayRetry }) {
  const all = [...reasons].sort((a, b) => b[1].length - a[1].length);
  return html`<li><span class="bad-text">${icon('alert')}</span><div><strong>${categoryName(category)}</strong> <span class="num meta">${count(ids.length)}</span>
      <ul class="reasons">${all.slice(0, REASONS_SHOWN).map(([reason, of]) => html`<li>${of.length > 1 && html`<span class="num">${count(of.length)} × </span>`}${reason} ${links(of, name)}</li>`)}</ul>
      ${all.length > REASONS_SHOWN && html`<p class="small">And ${plural(all.length - REASONS_SHOWN, 'other reason')}.</p>`}
      ${CATEGORIES[category] && html`<p class="small">${CATEGORIES[category][1]}</p>`}</div>
    ${mayRetry && html`<button class="btn btn--small" type="button" id="retry-${category || 'other'}" data-retry-category="${category}" aria-label="Retry ${count(ids.length)}: ${categoryName(category)}">${icon('retry', 14)}Retry ${count(ids.length)}</button>`}</li>`;
}

/** `name(id)` says how a conversation is called; only ids are known of a run. */
export const failures = (results, { name = (id) => id.slice(0, 8), mayRetry = true } = {}) => (results.length === 0 ? ''
  : html`<ul class="panel errors failures">${byCategory(results).map((one) => group(one, { name, mayRetry }))}</ul>`);

export const sentence = ({ successful, failed, skipped }) => `Enriched ${count(successful)}, failed ${count(failed)}, skipped ${count(skipped)}`;

/** Where the runs stand. `waiting`: ids nobody has asked for yet; `problem`: why the next ones could not be asked for. */
export function board({ summary, waiting, problem, stale, going }, { mayRetry, name, failed }) {
  const { total, successful, skipped } = summary;
  const done = total - summary.pending;
  const share = (n) => (total ? (n / total) * 100 : 0);
  return html`<section class="board" aria-label="Enrichment">
    <div class="board__head"><h2>${going ? `Enriching ${count(done)} of ${count(total)}` : sentence(summary)}</h2>
      <div class="row">${!going && summary.failed > 0 && mayRetry && html`<button class="btn btn--small" type="button" id="retry-all" data-retry-all>${icon('retry', 14)}Retry ${plural(summary.failed, 'failed conversation')}</button>`}
      ${!going && html`<button class="btn btn--small btn--quiet" type="button" id="dismiss" data-dismiss>Put away</button>`}</div></div>
    ${bar([['good', share(successful)], ['idle', share(skipped)], ['bad', share(summary.failed)]], `${percent(Math.floor(share(done)))} settled`)}
    ${going && html`<p class="meta">${sentence(summary)}</p>`}
    ${waiting > 0 && html`<p class="small">${plural(waiting, 'conversation')} still to be asked for, 100 at a time. Keep this page open until then; what has been asked for goes on without it.</p>`}
    ${stale && html`<p class="small warn-text">Could not refresh just now. The runs go on; the page keeps trying.</p>`}
    ${problem && note('bad', html`<strong>${waiting > 0 ? 'The next conversations were not started' : 'Nothing was started'}</strong><span>${problem.message}</span>
      ${problem.details?.length > 0 && html`<span class="small">${problem.details.slice(0, 3).map((d) => d.message).join(' ')}</span>`}
      <div class="row">${problem.status !== 404 && problem.status !== 400 && html`<button class="btn btn--small" type="button" id="go-on" data-go-on>${icon('retry', 14)}Try again</button>`}<button class="btn btn--small" type="button" id="leave-them" data-leave-them>Leave them</button></div>`)}
    ${failures(failed, { name, mayRetry: mayRetry && !going })}</section>`;
}

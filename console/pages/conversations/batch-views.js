// Batches of made-up conversations: in the list, and one with its items.

import { html } from '../../lib/dom.js';
import { count, money, percent, plural, time } from '../../lib/format.js';
import { check, field, number, problems, select, text } from '../../lib/forms.js';
import { icon } from '../../lib/icons.js';
import { badge, bar, empty, head, more, note } from '../../lib/ui.js';
import { languageName } from './words.js';

const STYLES = [['everyday', 'Everyday'], ['formal', 'Formal'], ['terse', 'Terse'], ['emotional', 'Emotional'], ['technical', 'Technical']];
const none = html`<span class="none">–</span>`;
const share = (part, total) => (total ? (part / total) * 100 : 0);
const TONES = { completed: 'good', failed: 'bad', running: 'done' };

export const nameOf = ({ topics }) => (topics.length > 3 ? `${topics.slice(0, 2).join(', ')} and ${count(topics.length - 2)} more` : topics.join(', '));
const length = (b, thin) => bar([[TONES[b.status], share(b.completed, b.total)], ['bad', share(b.failed, b.total)]], `${count(b.completed)} of ${count(b.total)} made`, thin);

const row = (b) => html`<tr class="is-link"><th scope="row"><a href="#/conversations/batches/${b.id}">${nameOf(b)}</a><span class="cell-sub">${STYLES.find(([s]) => s === b.style)?.[1] ?? b.style} · ${languageName(b.language)}</span></th>
  <td>${badge(b.status)}</td><td class="not-phone"><div class="cell-bar">${length(b, true)}<span class="num small">${percent(share(b.completed + b.failed, b.total))}</span></div></td>
  <td class="r">${count(b.completed)} of ${count(b.total)}</td><td class="r not-phone">${b.failed ? html`<span class="bad-text">${count(b.failed)}</span>` : none}</td><td class="not-phone">${b.created_by}</td><td class="r not-phone">${time(b.created_at)}</td></tr>`;

export const table = (rows, cursor) => html`<div class="table-wrap"><table><caption class="sr">Batches</caption><thead><tr><th scope="col">Topics</th><th scope="col">Status</th><th class="not-phone" scope="col">Progress</th><th class="r" scope="col">Made</th><th class="r not-phone" scope="col">Failed</th><th class="not-phone" scope="col">Started by</th><th class="r not-phone" scope="col">Started</th></tr></thead>
  <tbody>${rows.map(row)}</tbody></table></div>${more(rows.length, cursor)}`;

export const nothing = (may) => html`<div class="panel">${empty({ glyphName: 'conversations', title: 'No batches yet', text: 'A batch is a number of made-up conversations on topics you choose, for training data without customers in it.', action: may && html`<button class="btn" type="button" data-new>New batch</button>` })}</div>`;

export const form = html`${field('topics', 'Topics, one a line', (a) => html`<textarea class="input" rows="5" ${a} placeholder="A parcel that never came"></textarea>`, 'They are taken in turn.')}
  <div class="pairs">${field('count', 'Conversations', number(10, { min: 1, step: 1 }), 'Up to 500')}${field('style', 'Style', select('everyday', STYLES))}${field('language', 'Language, such as en', text('en'))}${field('max_cost_usd', 'Cost limit, USD', number(null, { min: 0, step: '0.01' }), 'Optional')}</div>
  ${check('auto_enrich', 'Enrich them when they are made', false)}${problems}`;

export function read(data) {
  const limit = data.get('max_cost_usd');
  return {
    topics: data.get('topics').split('\n').map((line) => line.trim()).filter(Boolean),
    count: Number(data.get('count')), style: data.get('style'), language: data.get('language').trim().toLowerCase(), auto_enrich: data.has('auto_enrich'),
    ...(limit ? { max_cost_usd: Number(limit) } : {}),
  };
}

// -- one batch --------------------------------------------------------------

export const top = (b, { mayRun, enriching }) => head({
  crumbs: [['Conversations', '#/conversations'], ['Batches', '#/conversations/batches']], title: nameOf(b), extra: badge(b.status),
  lead: html`Started by ${b.created_by}, ${time(b.created_at)}${b.finished_at && html` · ended ${time(b.finished_at)}`}`,
  actions: mayRun && b.status !== 'running' && b.completed > 0 && html`<button class="btn btn--primary" type="button" id="enrich-all" data-enrich-all ${enriching && 'disabled'} ${enriching && html`title="They are being enriched now"`}>Enrich all conversations</button>`,
});

const fact = (name, value, hint) => html`<div class="fact"><dt>${name}</dt><dd class="fact__text">${value}${hint && html`<small>${hint}</small>`}</dd></div>`;

export const progress = (b, since) => html`<section class="progress" aria-label="Progress">
  <div class="progress__line"><strong class="progress__figure num">${percent(Math.floor(share(b.completed + b.failed, b.total)))}</strong></div>${length(b)}
  <ul class="progress__text"><li>${count(b.completed)} of ${plural(b.total, 'conversation')} made</li><li>${count(b.failed)} failed</li></ul>
  <dl class="facts">${fact('Style', STYLES.find(([s]) => s === b.style)?.[1] ?? b.style)}${fact('Language', languageName(b.language))}${fact('Enrich when made', b.auto_enrich ? 'Yes' : 'No')}${fact('Cost limit', b.max_cost_usd === null ? 'None' : money(b.max_cost_usd), b.max_cost_usd !== null && 'the batch stops there')}</dl>
  ${since && html`<p class="small warn-text">Could not refresh just now. These figures are from ${time(since)}; the page keeps trying.</p>`}
  ${b.status === 'failed' && note('bad', html`<strong>Nothing was made</strong><span>The reasons stand beside the items. Mend them, then start a new batch.</span>`)}</section>`;

const STATES = [['', 'Every item'], ['completed', 'Made'], ['pending', 'Waiting'], ['failed', 'Failed']];
export const itemsHead = (status) => html`<div class="section__head"><h2>Conversations</h2></div><div class="toolbar"><select class="input" id="item-status" aria-label="Items">${STATES.map(([s, t]) => html`<option value="${s}" ${s === status && 'selected'}>${t}</option>`)}</select></div>`;

const item = (one, n) => html`<tr class="${one.conversation_id && 'is-link'}"><th scope="row">${one.conversation_id ? html`<a href="#/conversations/${one.conversation_id}">${one.topic}</a>` : one.topic}${one.error && html`<span class="cell-sub bad-text">${one.error}</span>`}</th>
  <td>${badge(one.status, one.status === 'completed' ? 'Made' : undefined)}</td><td class="r not-phone">${count(n + 1)}</td></tr>`;

export function items(found, drawn) {
  if (found.length === 0) return html`<div class="panel">${empty({ glyphName: 'search', title: 'No item is in this state', text: 'Choose another state to see other items.' })}</div>`;
  return html`<div class="table-wrap"><table><caption class="sr">Items of this batch</caption><thead><tr><th scope="col">Topic</th><th scope="col">Status</th><th class="r not-phone" scope="col">No.</th></tr></thead><tbody>${found.slice(0, drawn).map(item)}</tbody></table></div>${found.length > drawn ? more(drawn, 'yes') : ''}`;
}
export const newBatch = html`<button class="btn btn--primary" type="button" id="new" data-new>${icon('plus')}New batch</button>`;

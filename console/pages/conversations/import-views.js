// What an import looks like: in the list, and alone with its counts and what it refused.

import { html } from '../../lib/dom.js';
import { count, percent, plural, range, size, time } from '../../lib/format.js';
import { badge, bar, empty, LIVE, more, note } from '../../lib/ui.js';
import { KINDS } from './words.js';

const none = html`<span class="none">–</span>`;
const TONES = { completed: 'good', failed: 'bad' };

export const what = ({ kind, wish }) => wish.filename ?? KINDS[kind] ?? kind;
export const about = ({ kind, wish }) => [wish.filename && KINDS[kind], wish.from && range(wish.from, wish.to), wish.bytes && size(wish.bytes), wish.limit && `at most ${count(wish.limit)}`].filter(Boolean).join(' · ');
export const known = (one) => one.created + one.changed + one.unchanged;

const row = (one) => html`<tr class="is-link"><th scope="row"><a href="#/conversations/imports/${one.id}">${what(one)}</a><span class="cell-sub">${about(one)}</span></th>
  <td>${badge(one.status)}</td>
  <td class="not-phone">${one.progress === null ? html`<span class="meta">Listing</span>` : html`<div class="cell-bar">${bar([[TONES[one.status] ?? 'done', one.progress * 100]], `${percent(one.progress * 100)} done`, true)}<span class="num small">${percent(one.progress * 100)}</span></div>`}</td>
  <td class="r">${count(known(one))}</td><td class="r not-phone">${one.refused ? html`<span class="bad-text">${count(one.refused)}</span>` : none}</td><td class="r not-phone">${time(one.created_at)}</td></tr>`;

export const importTable = (rows, cursor) => html`<div class="table-wrap"><table><caption class="sr">Imports</caption><thead><tr><th scope="col">Import</th><th scope="col">Status</th><th class="not-phone" scope="col">Progress</th><th class="r" scope="col">Conversations</th><th class="r not-phone" scope="col">Refused</th><th class="r not-phone" scope="col">Asked for</th></tr></thead>
  <tbody>${rows.map(row)}</tbody></table></div>${more(rows.length, cursor)}`;

export const noImports = (may) => html`<div class="panel">${empty({ glyphName: 'upload', title: 'Nothing was imported yet', text: 'Import a file, days of Chatwoot or Intercom, or the chats of an audit run.', action: may && html`<a class="btn" href="#/conversations/imports/new">Import conversations</a>` })}</div>`;

const fact = (name, value, hint) => html`<div class="fact"><dt>${name}</dt><dd>${value}${hint && html`<small>${hint}</small>`}</dd></div>`;

export function progress(one, since) {
  const live = LIVE.includes(one.status);
  return html`<section class="progress" aria-label="Progress">
    <div class="progress__line"><strong class="progress__figure num">${one.progress === null ? 'Listing' : percent(Math.floor(one.progress * 1000) / 10)}</strong>${live && html`<span class="progress__eta">${one.progress === null ? 'Looking up which conversations there are' : 'You can leave the page; the import goes on.'}</span>`}</div>
    ${bar([[TONES[one.status] ?? 'done', (one.progress ?? 0) * 100]], one.progress === null ? 'Listing' : `${percent(one.progress * 100)} done`)}
    <dl class="facts">${fact('New', count(one.created))}${fact('Changed', count(one.changed), 'their text was replaced')}${fact('Unchanged', count(one.unchanged), 'were there before')}
      ${fact('Refused', one.refused ? html`<span class="bad-text">${count(one.refused)}</span>` : '0', one.total !== null && `of ${count(one.total)}`)}</dl>
    ${since && html`<p class="small warn-text">Could not refresh just now. These figures are from ${time(since)}; the page keeps trying.</p>`}
    ${one.error && note('bad', html`<strong>The import stopped</strong><span>${one.error}</span>${known(one) > 0 && html`<span class="small">${plural(known(one), 'conversation is', 'conversations are')} stored and stay. The same import again adds only what is missing.</span>`}`)}
    ${one.status === 'completed' && known(one) + one.refused === 0 && note('', html`<span>There was nothing to import: the file or the days hold no conversation.</span>`)}</section>`;
}

const isFile = (one) => ['json', 'jsonl', 'csv'].includes(one.kind);
export const refusals = (one) => (one.refused === 0 ? '' : html`<section class="section"><div class="section__head"><h2>Refused</h2><p>${isFile(one) ? 'Mend these rows and import the file again: what is stored already is not stored twice.' : 'The others are stored.'}</p></div>
  <div class="table-wrap refused"><table><caption class="sr">Refused</caption><thead><tr><th class="r" scope="col">${isFile(one) ? 'Row' : 'No.'}</th><th scope="col">Reason</th></tr></thead><tbody>${one.refusals.map((r) => html`<tr><th class="r num" scope="row">${count(r.row)}</th><td>${r.reason}</td></tr>`)}</tbody></table></div>
  ${one.refused > one.refusals.length && html`<p class="small">These are the first ${count(one.refusals.length)} of ${count(one.refused)}.</p>`}</section>`);

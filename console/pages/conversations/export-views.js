// Exports: what is wanted, and the files that were written.

import { html } from '../../lib/dom.js';
import { count, humanise, plural, range, size, time } from '../../lib/format.js';
import { field, problems, select, text } from '../../lib/forms.js';
import { icon } from '../../lib/icons.js';
import { badge, empty, more } from '../../lib/ui.js';
import { languageName, SOURCES, sourceName, STATUSES } from './words.js';

export const FORMATS = { jsonl: 'JSON lines', openai: 'Chats for fine-tuning', csv: 'Table (CSV)' };
const ABOUT = { jsonl: 'The whole enriched document, one a line', openai: 'Messages of user and assistant, as OpenAI takes them', csv: 'One row a conversation, with its summary and transcript' };
const none = html`<span class="none">–</span>`;

export const form = html`<form class="panel export-form" id="export" novalidate><div class="panel__body stack">
  <fieldset class="field"><legend class="label">Format</legend><div class="run-options">${Object.entries(FORMATS).map(([id, name], i) => html`<label class="check"><input type="radio" name="format" value="${id}" ${i === 0 && 'checked'}><span>${name}<small>${ABOUT[id]}</small></span></label>`)}</div></fieldset>
  <div class="pairs">${field('status', 'Status', select('completed', STATUSES.filter(([s]) => s === 'completed' || s === 'failed').map(([s, t]) => [s, s === 'failed' ? 'Failed, with an older document' : t])))}
    ${field('source', 'Source', select('', [['', 'Every source'], ...SOURCES]))}${field('topic', 'Topic, exactly', text())}${field('language', 'Language, such as en', text())}
    ${field('from', 'From', (a) => html`<input class="input" type="date" ${a}>`)}${field('to', 'To', (a) => html`<input class="input" type="date" ${a}>`)}</div>
  ${problems}<div class="row"><button class="btn btn--primary" id="go">Write the file</button><span class="meta">Personal data is replaced in every format.</span></div></div></form>`;

function about({ wish: w }) {
  const days = w.start && w.end ? range(w.start, w.end) : w.start ? `from ${w.start}` : w.end ? `to ${w.end}` : '';
  return [w.status !== 'completed' && humanise(w.status ?? 'every status'), w.source && sourceName(w.source), w.topic, w.language && languageName(w.language), days].filter(Boolean).join(' · ');
}

function ending(one) {
  if (one.status === 'completed') return html`<button class="btn btn--small" type="button" id="get-${one.id}" data-get="${one.id}" aria-label="Download ${FORMATS[one.format]} of ${one.created_at.slice(0, 16)}">${icon('download', 14)}Download</button>`;
  return one.status === 'failed' ? '' : html`<span class="small">Writing</span>`;
}

const row = (one) => html`<tr><th scope="row">${FORMATS[one.format]}<span class="cell-sub">${about(one)}</span>${one.error && html`<span class="cell-sub bad-text">${one.error}</span>`}</th>
  <td>${badge(one.status)}</td><td class="r not-phone">${one.written === null ? none : count(one.written)}${one.skipped > 0 && html`<span class="cell-sub" title="They have nothing to say in this format">${plural(one.skipped, 'left out', 'left out')}</span>`}</td>
  <td class="r not-phone">${one.size === null ? none : size(one.size)}</td><td class="r not-phone">${time(one.created_at)}</td><td class="r">${ending(one)}</td></tr>`;

export const table = (rows, cursor) => html`<div class="table-wrap"><table><caption class="sr">Exports</caption><thead><tr><th scope="col">File</th><th scope="col">Status</th><th class="r not-phone" scope="col">Conversations</th><th class="r not-phone" scope="col">Size</th><th class="r not-phone" scope="col">Asked for</th><th class="r" scope="col"><span class="sr">Download</span></th></tr></thead>
  <tbody>${rows.map(row)}</tbody></table></div>${more(rows.length, cursor)}`;

export const nothing = html`<div class="panel">${empty({ glyphName: 'download', title: 'No file yet', text: 'Choose a format and press Write the file. It is kept for a week.' })}</div>`;

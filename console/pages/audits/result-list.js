// Audited chats in a table: the same rows in a run, among all results and among one's own.

import { html } from '../../lib/dom.js';
import { ratio, score, time } from '../../lib/format.js';
import { badge, more } from '../../lib/ui.js';

export const VERDICTS = [['', 'Every verdict'], ['passed', 'Passed'], ['failed', 'Failed'], ['held', 'Held']];
const none = html`<span class="none">–</span>`;

function verdict(r) {
  if (r.verdict) return badge(r.verdict);
  if (r.outcome === 'failed') return badge('failed', 'Not audited');
  return r.outcome === 'skipped' ? html`${badge('skipped')}${r.skipped_reason && html`<span class="cell-sub">${r.skipped_reason}</span>`}` : none;
}

const mark = (r) => (r.score === null ? none : html`<span class="${r.verdict === 'failed' && 'bad-text'} ${r.verdict === 'held' && 'none'}">${score(r.score)}</span>`);

function row(r, named) {
  const name = named ? r.employee_name || r.employee_email : html`Chat <span class="mono">${r.conversation_id}</span>`;
  const open = r.outcome === 'completed';
  return html`<tr class="${open && 'is-link'}"><th scope="row">${open ? html`<a href="#/audits/${r.id}">${name}</a>` : name}${named && html`<span class="cell-sub only-phone mono">${r.conversation_id}</span>`}</th>
    ${named && html`<td class="mono not-phone">${r.conversation_id}</td>`}
    <td>${verdict(r)}${r.late && html` <span class="tag" title="It came after the run had ended">late</span>`}</td><td class="r strong">${mark(r)}</td>
    <td class="r not-phone">${r.ai_confidence_score === null || r.ai_confidence_score === undefined ? none : ratio(r.ai_confidence_score)}</td>
    <td class="r not-phone">${time(r.audited_at)}</td></tr>`;
}

export const resultTable = (rows, cursor, { named = true, caption = 'Results' } = {}) => html`<div class="table-wrap"><table><caption class="sr">${caption}</caption>
  <thead><tr><th scope="col">${named ? 'Person' : 'Chat'}</th>${named && html`<th class="not-phone" scope="col">Chat</th>`}<th scope="col">Verdict</th><th class="r" scope="col">Score</th><th class="r not-phone" scope="col">Confidence</th><th class="r not-phone" scope="col">Audited</th></tr></thead>
  <tbody>${rows.map((r) => row(r, named))}</tbody></table></div>${more(rows.length, cursor)}`;

export const choose = (id, label, value, options) => html`<label class="sr" for="${id}">${label}</label><select class="input" id="${id}">${options.map(([v, t]) => html`<option value="${v}" ${v === value && 'selected'}>${t}</option>`)}</select>`;

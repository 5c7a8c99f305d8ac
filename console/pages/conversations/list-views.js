// The list of conversations: counts, filters, rows to choose from. No state, no fetching.

import { html } from '../../lib/dom.js';
import { count, humanise, plural, score, time } from '../../lib/format.js';
import { icon } from '../../lib/icons.js';
import { badge, bar, empty, more } from '../../lib/ui.js';
import { categoryName, languageName, nameOf, SOURCES, sourceName, STATUSES, UNDER_WAY } from './words.js';

const none = html`<span class="none">–</span>`;
const sum = (counts, names) => names.reduce((all, name) => all + (counts[name] ?? 0), 0);
export const totalOf = (counts, status) => (status ? counts[status] ?? 0 : sum(counts, STATUSES.map(([s]) => s)));

/** How many there are of each, over all that match the other filters. */
export function figures(counts) {
  const total = totalOf(counts, '');
  const going = sum(counts, UNDER_WAY);
  const share = (n) => (total ? (n / total) * 100 : 0);
  return html`<dl class="facts tally">
      <div class="fact"><dt>All</dt><dd>${count(total)}</dd></div><div class="fact"><dt>Not started</dt><dd>${count(counts.not_started)}</dd></div>
      <div class="fact"><dt>Under way</dt><dd>${count(going)}</dd></div><div class="fact"><dt>Completed</dt><dd>${count(counts.completed)}</dd></div>
      <div class="fact"><dt>Failed</dt><dd>${counts.failed > 0 ? html`<span class="bad-text">${count(counts.failed)}</span>` : '0'}</dd></div></dl>
    ${bar([['good', share(counts.completed)], ['done', share(going)], ['bad', share(counts.failed)]], `${count(counts.completed)} of ${count(total)} completed`, true)}`;
}

const option = (value, label, chosen) => html`<option value="${value}" ${value === chosen && 'selected'}>${label}</option>`;
const labelled = (id, label, control) => html`<label class="filter" for="${id}"><span class="small">${label}</span>${control}</label>`;

export function filters(wish, { open }) {
  return html`<div class="toolbar"><div class="search">${icon('search')}<input class="input" id="q" type="search" value="${wish.q}" placeholder="Find a title, customer, id or topic" aria-label="Find a title, customer, id or topic" autocomplete="off" maxlength="200"></div>
      <select class="input" id="enrichment_status" aria-label="Status" data-wish="enrichment_status">${option('', 'Every status', wish.enrichment_status)}${STATUSES.map(([s, t]) => option(s, t, wish.enrichment_status))}</select></div>
    <details class="disclosure" id="more-filters" ${open && 'open'}><summary>${icon('right', 12)}More filters</summary><div class="toolbar">
      ${labelled('source', 'Source', html`<select class="input" id="source" data-wish="source">${option('', 'Every source', wish.source)}${SOURCES.map(([s, t]) => option(s, t, wish.source))}</select>`)}
      ${labelled('topic', 'Topic, exactly', html`<input class="input" id="topic" data-wish="topic" value="${wish.topic}" autocomplete="off" list="topics" maxlength="200"><datalist id="topics"></datalist>`)}
      ${labelled('language', 'Language, such as en', html`<input class="input" id="language" data-wish="language" value="${wish.language}" autocomplete="off" maxlength="3" size="4">`)}
      ${labelled('from', 'From', html`<input class="input" id="from" type="date" data-wish="from" value="${wish.from}">`)}
      ${labelled('to', 'To', html`<input class="input" id="to" type="date" data-wish="to" value="${wish.to}">`)}</div></details>
    ${wish.import_id && html`<p class="meta only-import">Only what <a href="#/conversations/imports/${wish.import_id}">one import</a> brought. <button class="link-btn" type="button" id="every-import" data-every-import>Show all conversations</button></p>`}`;
}

function row(c, chosen, choosing) {
  const name = nameOf(c);
  const sub = [sourceName(c.source), c.title && c.customer, c.external_id !== name && c.external_id].filter(Boolean).join(' · ');
  return html`<tr class="is-link">${choosing && html`<td class="pickable"><input type="checkbox" id="pick-${c.id}" data-pick value="${c.id}" aria-label="Choose ${name}" ${chosen.has(c.id) && 'checked'}></td>`}
    <th scope="row"><a href="#/conversations/${c.id}">${name}</a><span class="cell-sub">${sub}</span></th>
    <td>${badge(c.enrichment_status)}${c.enrichment_status === 'failed' && html`<span class="cell-sub">${categoryName(c.error_category)}</span>`}</td>
    <td class="not-phone">${c.topic ?? none}${c.language && html`<span class="cell-sub">${languageName(c.language)}</span>`}</td>
    <td class="not-phone">${c.sentiment ? humanise(c.sentiment) : none}${c.resolution && html`<span class="cell-sub">${humanise(c.resolution)}</span>`}</td>
    <td class="r not-phone">${c.predicted_csat === null ? none : score(c.predicted_csat)}</td>
    <td class="r not-phone">${count(c.message_count)}</td><td class="r not-phone">${time(c.started_at ?? c.created_at)}</td></tr>`;
}

export const table = (rows, cursor, chosen, choosing) => html`<div class="table-wrap"><table><caption class="sr">Conversations</caption>
  <thead><tr>${choosing && html`<th class="pickable" scope="col"><input type="checkbox" id="pick-shown" data-pick-shown aria-label="Choose all shown"></th>`}<th scope="col">Conversation</th><th scope="col">Status</th><th class="not-phone" scope="col">Topic</th><th class="not-phone" scope="col">Sentiment</th><th class="r not-phone" scope="col">CSAT, predicted</th><th class="r not-phone" scope="col">Messages</th><th class="r not-phone" scope="col">Started</th></tr></thead>
  <tbody>${rows.map((c) => row(c, chosen, choosing))}</tbody></table></div>${more(rows.length, cursor)}`;

/** What is chosen, and what can be done with it. `gathering`: how many ids have been read so far. */
export function selection({ chosen, matching, shown, gathering }) {
  const rest = matching > shown && chosen < matching;
  return html`<div class="chosen"><button class="btn btn--primary" type="button" id="enrich-selected" data-enrich ${chosen === 0 && 'disabled'} aria-describedby="chosen-count">Enrich selected</button>
    <span class="meta" id="chosen-count" aria-live="polite">${gathering !== null ? `Choosing: ${count(gathering)} of ${count(matching)}` : chosen > 0 ? `${count(chosen)} chosen${chosen > 100 ? ', enriched 100 at a time' : ''}` : 'Choose conversations to enrich them.'}</span>
    ${rest && gathering === null && html`<button class="link-btn" type="button" id="choose-all" data-choose-all>Choose all ${count(matching)} that match</button>`}
    ${chosen > 0 && html`<button class="link-btn" type="button" id="choose-none" data-choose-none>Choose none</button>`}</div>`;
}

export const nothing = (narrowed, mayImport) => html`<div class="panel">${narrowed
  ? empty({ glyphName: 'search', title: 'No conversation fits', text: 'Search for something else, or take a filter away.', action: html`<button class="btn" type="button" data-all>Show all conversations</button>` })
  : empty({ glyphName: 'conversations', title: 'No conversations yet', text: 'Import a file, or the chats of Chatwoot, Intercom or an audit run. Or have some made up for training.', action: mayImport && html`<a class="btn" href="#/conversations/imports/new">Import conversations</a><a class="btn" href="#/conversations/batches">Open batches</a>` })}</div>`;

export const whyFailed = (number) => html`<details class="disclosure" id="why"><summary>${icon('right', 12)}Why ${plural(number, 'conversation')} failed, and retry by reason</summary><div id="why-list"></div></details>`;

// What one run looks like: head, progress, people, failures. No state, no fetching.

import { html } from '../../lib/dom.js';
import { count, duration, money, percent, plural, range, time } from '../../lib/format.js';
import { icon } from '../../lib/icons.js';
import { badge, bar, empty, head, LIVE, more, note, stateOf, toneOf } from '../../lib/ui.js';

const share = (part, total) => (total ? (part / total) * 100 : 0);
const FOUND_FIRST = 25;

export const top = (job, mayStop) => head({
  crumbs: [['Audits', '#/audits']],
  title: job.scorecard_name,
  extra: badge(stateOf(job)),
  lead: html`${range(job.start_date, job.end_date)} · started by ${job.created_by}, ${time(job.created_at)}${job.run_no > 1 && html` · attempt ${job.run_no}`}`,
  actions: mayStop && html`${['completed', 'failed'].includes(job.status) && job.progress.agents.failed > 0 && html`<button class="btn" type="button" id="retry" data-do="retry">${icon('retry')}Retry ${plural(job.progress.agents.failed, 'failed person', 'failed people')}</button>`}
    ${LIVE.includes(job.status) && html`<button class="btn btn--danger" type="button" id="cancel" data-do="cancel">Cancel run</button>`}`,
});

function clock(job) {
  const seconds = ((job.completed_at ? Date.parse(job.completed_at) : Date.now()) - Date.parse(job.created_at)) / 1000;
  const eta = job.progress.eta_seconds;
  const hint = stateOf(job) === 'running' && eta ? `about ${duration(eta)} left` : job.completed_at ? html`ended ${time(job.completed_at)}` : 'since the start';
  return html`<dt>Time</dt><dd>${duration(Math.max(0, seconds))}<small>${hint}</small></dd>`;
}

const beside = ({ failed, skipped }) => {
  const words = [failed > 0 && html`<span class="bad-text">${count(failed)} failed</span>`, skipped > 0 && html`<span>${count(skipped)} skipped</span>`].filter(Boolean);
  return words.length > 0 ? html`<small>${words.map((w, i) => html`${i > 0 && ', '}${w}`)}</small>` : html`<small>none failed</small>`;
};

function stopped(job) {
  switch (stateOf(job)) {
    case 'failed': return note('bad', html`<strong>The run was stopped</strong><span>${job.error_message}</span>`);
    case 'paused': return note('warn', html`<strong>Paused at the spending cap</strong><span>${job.error_message || 'Finished chats are kept. The run goes on when an admin raises the cap.'}</span><div class="row"><a class="btn btn--small" href="#/settings">Open settings</a></div>`);
    case 'queued': return note('info', html`<span>Waiting for its turn. Runs share one line to the audit engine.</span>`);
    case 'cancelled': return note('', html`<span>This run was cancelled. The chats that were finished are kept below.</span>`);
    default: return '';
  }
}

export function progress(job, me, since) {
  const { percentage, basis, agents, conversations: chats, text = [] } = job.progress;
  const failed = basis === 'conversations' ? share(chats.failed, chats.total) : share(agents.failed, agents.total);
  const told = job.created_by === me.email ? 'You, when done' : `${job.created_by}, when done`;
  return html`<section class="progress" aria-label="Progress">
    <div class="progress__line"><strong class="progress__figure num">${percent(percentage)}</strong></div>
    ${bar([[toneOf(job), percentage], ['bad', failed]], `${percent(percentage)} done`)}
    <ul class="progress__text">${text.map((line) => html`<li>${line}</li>`)}</ul>
    <dl class="facts">
      <div class="fact"><dt>People</dt><dd>${count(agents.completed)} of ${count(agents.total)}${beside(agents)}</dd></div>
      <div class="fact"><dt>Chats</dt><dd>${chats.total === null ? html`Counting<small>until every person has reported</small>` : html`${count(chats.completed)} of ${count(chats.total)}${beside(chats)}`}</dd></div>
      <div class="fact">${clock(job)}</div>
      <div class="fact"><dt>Notify</dt><dd class="fact__text">${job.notify_me_when_done ? told : 'Nobody'}<small>audited people: ${job.notify_results_to_audited_people ? 'yes' : 'no'}</small></dd></div>
      ${job.max_cost_usd && html`<div class="fact"><dt>Cost limit</dt><dd>${money(job.max_cost_usd)}<small>the run pauses there</small></dd></div>`}
    </dl>
    ${since && html`<p class="small warn-text">Could not refresh just now. These figures are from ${time(since)}; the page keeps trying.</p>`}
    ${stopped(job)}
  </section>`;
}

const ORDER = { failed: 0, processing: 1, running: 1, pending: 2, queued: 2, cancelled: 3, completed: 4 };
/** Skipped chats leave the total, as they do in the run's own figures. */
const totalOf = (a) => (a.total_conversations === null ? null : Math.max(a.total_conversations - a.skipped, a.completed + a.failed));
const nameOf = (a) => a.name || a.email || a.intercom_admin_id;

const personRow = (a) => html`<tr><th scope="row">${nameOf(a)}<span class="cell-sub">${a.error_message ? html`<span class="bad-text">${a.error_message}</span>` : a.email}</span></th>
  <td>${badge(a.status)}</td>
  <td class="not-phone"><div class="cell-bar">${bar([['done', share(a.completed, totalOf(a))], ['bad', share(a.failed, totalOf(a))]], `${count(a.completed)} of ${count(totalOf(a))} chats`, true)}</div></td>
  <td class="r">${a.total_conversations === null ? html`<span class="none">–</span>` : `${count(a.completed)} of ${count(totalOf(a))}`}</td>
  <td class="r not-phone">${a.failed ? html`<span class="bad-text">${count(a.failed)}</span>` : html`<span class="none">0</span>`}</td>
  <td class="r not-phone">${a.skipped ? count(a.skipped) : html`<span class="none">0</span>`}</td></tr>`;

/** The rows in sight: failed first, then running, those whose name fits. */
export const agentsFound = (job, wanted) => [...job.agents]
  .filter((a) => `${a.name} ${a.email}`.toLowerCase().includes(wanted))
  .sort((x, y) => (ORDER[x.status] ?? 9) - (ORDER[y.status] ?? 9));

export const peopleHead = (job) => html`<div class="section__head"><h2>People</h2><p>Failed first, then running</p></div>
  ${job.agents.length > FOUND_FIRST && html`<div class="toolbar"><div class="search">${icon('search')}<input class="input" id="find" type="search" placeholder="Find a person" aria-label="Find a person" autocomplete="off"></div></div>`}
  <div id="agents"></div>`;

export const people = (found, drawn) => (found.length === 0 ? html`<div class="panel">${empty({ glyphName: 'search', title: 'Nobody of this name is in the run', text: 'Look for a part of the name or of the e-mail address.' })}</div>`
  : html`<div class="table-wrap"><table><caption class="sr">Progress by person</caption><thead><tr><th scope="col">Person</th><th scope="col">Status</th><th class="not-phone" scope="col">Progress</th><th class="r" scope="col">Chats</th><th class="r not-phone" scope="col">Failed</th><th class="r not-phone" scope="col">Skipped</th></tr></thead>
  <tbody>${found.slice(0, drawn).map(personRow)}</tbody></table></div>
  ${found.length > drawn ? more(drawn, 'yes') : ''}`);

const errorRow = (e) => html`<li><span class="bad-text">${icon('alert')}</span><div><strong>${e.error_message}</strong><p>${e.employee_name || e.intercom_admin_id}${e.conversation_id && html` · chat <span class="mono">${e.conversation_id}</span>`}${e.run_no > 1 && html` · attempt ${e.run_no}`}</p></div><span class="small errors__when">${time(e.created_at)}</span></li>`;

export const errors = (rows, cursor) => rows.length > 0 && html`<section class="section"><div class="section__head"><h2>Failures</h2><p>The run goes on without them</p></div>
  <ul class="panel errors">${rows.map(errorRow)}</ul>${more(rows.length, cursor)}</section>`;

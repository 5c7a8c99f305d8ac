// One run: where it stands, person by person, and what came back. Followed to its end.

import { $, html, on, paint } from '../lib/dom.js';
import { api, list } from '../lib/api.js';
import { count, duration, percent, range, score, time } from '../lib/format.js';
import { poll } from '../lib/poll.js';
import { badge, bar, busy, complain, empty, failure, head, LIVE, more, note, stateOf, toneOf } from '../lib/ui.js';

const share = (part, total) => (total ? (part / total) * 100 : 0);

const top = (job) => head({
  crumbs: [['Audits', '#/audits']],
  title: job.scorecard_name,
  extra: badge(stateOf(job)),
  lead: html`${range(job.start_date, job.end_date)} · started by ${job.created_by}, ${time(job.created_at)}`,
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

function progress(job, since) {
  const { percentage, basis, agents, conversations: chats, text = [] } = job.progress;
  const failed = basis === 'conversations' ? share(chats.failed, chats.total) : share(agents.failed, agents.total);
  const state = stateOf(job);
  return html`<section class="progress" aria-label="Progress">
    <div class="progress__line"><strong class="progress__figure num">${percent(percentage)}</strong></div>
    ${bar([[toneOf(job), percentage], ['bad', failed]], `${percent(percentage)} done`)}
    <ul class="progress__text">${text.map((line) => html`<li>${line}</li>`)}</ul>
    <dl class="facts">
      <div class="fact"><dt>People</dt><dd>${count(agents.completed)} of ${count(agents.total)}${beside(agents)}</dd></div>
      <div class="fact"><dt>Chats</dt><dd>${chats.total === null ? html`Counting<small>until every person has reported</small>` : html`${count(chats.completed)} of ${count(chats.total)}${beside(chats)}`}</dd></div>
      <div class="fact">${clock(job)}</div>
    </dl>
    ${since && html`<p class="small warn-text">Could not refresh just now. These figures are from ${time(since)}; the page keeps trying.</p>`}
    ${state === 'failed' && note('bad', html`<strong>The run was stopped</strong><span>${job.error_message}</span>`)}
    ${state === 'paused' && note('warn', html`<strong>Paused at the spending cap</strong><span>${job.error_message || 'Finished chats are kept. The run goes on when an admin raises the cap in Settings.'}</span>`)}
    ${state === 'queued' && note('info', html`<span>Waiting for its turn. Runs share one line to the audit engine.</span>`)}
  </section>`;
}

const ORDER = { failed: 0, processing: 1, running: 1, pending: 2, queued: 2, cancelled: 3, completed: 4 };
/** Skipped chats leave the total, as they do in the run's own figures. */
const totalOf = (a) => (a.total_conversations === null ? null : Math.max(a.total_conversations - a.skipped, a.completed + a.failed));
const personRow = (a) => html`<tr><th scope="row">${a.name || a.email || a.intercom_admin_id}<span class="cell-sub">${a.error_message ? html`<span class="bad-text">${a.error_message}</span>` : a.email}</span></th>
  <td>${badge(a.status)}</td>
  <td class="not-phone"><div class="cell-bar">${bar([['done', share(a.completed, totalOf(a))], ['bad', share(a.failed, totalOf(a))]], `${count(a.completed)} of ${count(totalOf(a))} chats`, true)}</div></td>
  <td class="r">${a.total_conversations === null ? html`<span class="none">–</span>` : `${count(a.completed)} of ${count(totalOf(a))}`}</td>
  <td class="r not-phone">${a.failed ? html`<span class="bad-text">${count(a.failed)}</span>` : html`<span class="none">0</span>`}</td>
  <td class="r not-phone">${a.skipped ? count(a.skipped) : html`<span class="none">0</span>`}</td></tr>`;

const people = (job) => job.agents?.length > 0 && html`<section class="section"><div class="section__head"><h2>People</h2><p>Failed first, then running</p></div>
  <div class="table-wrap"><table><caption class="sr">Progress by person</caption><thead><tr><th scope="col">Person</th><th scope="col">Status</th><th class="not-phone" scope="col">Progress</th><th class="r" scope="col">Chats</th><th class="r not-phone" scope="col">Failed</th><th class="r not-phone" scope="col">Skipped</th></tr></thead>
  <tbody>${[...job.agents].sort((x, y) => (ORDER[x.status] ?? 9) - (ORDER[y.status] ?? 9)).map(personRow)}</tbody></table></div></section>`;

const verdict = (r) => {
  if (r.verdict) return badge(r.verdict);
  if (r.outcome === 'failed') return badge('failed', 'Not audited');
  return r.outcome === 'skipped' ? html`${badge('skipped')}${r.skipped_reason && html`<span class="cell-sub">${r.skipped_reason}</span>`}` : html`<span class="none">–</span>`;
};
const resultRow = (r) => html`<tr><th scope="row">${r.employee_name || r.employee_email}<span class="cell-sub only-phone mono">${r.conversation_id}</span></th><td class="mono not-phone">${r.conversation_id}</td><td>${verdict(r)}</td><td class="r strong">${r.score === null ? html`<span class="none">–</span>` : score(r.score)}</td><td class="r not-phone">${time(r.audited_at)}</td></tr>`;

const noResults = (job) => empty({ glyphName: 'audits', title: 'No results yet', text: LIVE.includes(job.status) ? 'The first scores appear here within minutes of the start.' : 'This run ended before a chat was scored.' });

const results = (job, found) => html`<section class="section"><div class="section__head"><h2>Results</h2>${found.rows?.length > 0 && LIVE.includes(job.status) && html`<p>More arrive while the run goes on</p>`}</div>
  ${found.error ? html`<div class="panel">${failure(found.error, 'the results')}</div>`
    : !found.rows ? html`<div class="panel"><div class="state" aria-busy="true"><span class="skel w7"></span></div></div>`
    : found.rows.length === 0 ? html`<div class="panel">${noResults(job)}</div>`
    : html`<div class="table-wrap"><table><caption class="sr">Results</caption><thead><tr><th scope="col">Person</th><th class="not-phone" scope="col">Chat</th><th scope="col">Verdict</th><th class="r" scope="col">Score</th><th class="r not-phone" scope="col">Audited</th></tr></thead><tbody>${found.rows.map(resultRow)}</tbody></table></div>${more(found.rows.length, found.cursor)}`}</section>`;

export default {
  title: () => 'Audit run',
  async mount(root, { params, signal, refreshMe }) {
    const at = `/api/massive-ai-audit/jobs/${encodeURIComponent(params.id)}`;
    let job = await api(at, { signal });
    let seen = new Date().toISOString();
    let found = { rows: null, cursor: '', error: null };
    paint(root, html`<div id="top"></div><p class="sr" role="status" id="spoken"></p><div id="progress"></div><div id="people"></div><div id="results"></div>`);
    const show = (since) => {
      if (signal.aborted) return;
      paint($('#top', root), top(job));
      paint($('#progress', root), progress(job, since));
      paint($('#people', root), people(job));
      paint($('#results', root), results(job, found));
    };
    const loadResults = async () => {
      try {
        const page = await list(`${at}/assignments`, { limit: Math.min(100, Math.max(25, found.rows?.length ?? 0)), signal });
        found = { rows: page.data, cursor: page.next_cursor, error: null };
      } catch (error) {
        if (signal.aborted) return;
        if (!found.rows) found = { ...found, error };
      }
      show();
    };
    const follow = async () => {
      const before = job;
      try {
        job = await api(at, { signal });
        seen = new Date().toISOString();
      } catch (error) {
        show(seen);
        throw error;
      }
      const changed = JSON.stringify([before.status, before.progress, before.agents]) !== JSON.stringify([job.status, job.progress, job.agents]);
      if (before.status !== job.status) paint($('#spoken', root), `The run is ${stateOf(job)}.`);
      show();
      if (changed && !(found.rows?.length > 100)) await loadResults();
      if (LIVE.includes(job.status)) return changed ? 'changed' : 'same';
      refreshMe().catch(() => {}); // its end may have brought a notification
      return 'done';
    };
    show();
    if (LIVE.includes(job.status)) poll(follow, { every: 5_000, signal });
    on(root, 'click', '[data-retry]', () => { found = { rows: null, cursor: '', error: null }; show(); loadResults(); }, signal);
    on(root, 'click', '[data-more]', (_, button) => busy(button, async () => {
      try {
        const page = await list(`${at}/assignments`, { cursor: found.cursor, signal });
        found = { rows: [...found.rows, ...page.data], cursor: page.next_cursor, error: null };
        show();
      } catch (error) { complain(error); }
    }), signal);
    await loadResults();
  },
};

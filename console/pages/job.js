// One run: where it stands, person by person, what failed and what came back. Followed to its end.

import { $, debounce, html, on, paint } from '../lib/dom.js';
import { api, list } from '../lib/api.js';
import { save } from '../lib/download.js';
import { count, plural } from '../lib/format.js';
import { icon } from '../lib/icons.js';
import { lister } from '../lib/lister.js';
import { poll } from '../lib/poll.js';
import { ask, busy, complain, empty, LIVE, stateOf, toast } from '../lib/ui.js';
import { agentsFound, errors, people, peopleHead, progress, top } from './audits/job-views.js';
import { choose, resultTable, VERDICTS } from './audits/result-list.js';

const STEP = 25;

const noResults = (job, narrowed) => html`<div class="panel">${narrowed ? empty({ glyphName: 'search', title: 'No result fits', text: 'Choose another person or verdict.' })
  : empty({ glyphName: 'audits', title: 'No results yet', text: LIVE.includes(job.status) ? 'The first scores appear here within minutes of the start.' : 'This run ended before a chat was scored.' })}</div>`;

const sameFigures = (a, b) => JSON.stringify([a.status, a.progress, a.agents]) === JSON.stringify([b.status, b.progress, b.agents]);

export default {
  title: () => 'Audit run',
  async mount(root, { params, signal, me, can, refreshMe }) {
    const at = `/api/massive-ai-audit/jobs/${encodeURIComponent(params.id)}`;
    let job = await api(at, { signal });
    let seen = new Date().toISOString();
    let wanted = '';
    let drawn = STEP;
    const wish = { agent: '', verdict: '' };
    const mayStop = can('audits.stop') && (job.created_by === me.email || can('audits.review'));

    paint(root, html`<div id="top"></div><p class="sr" role="status" id="spoken"></p><div id="progress"></div><section class="section" id="people">${peopleHead(job)}</section><div id="errors"></div>
      <section class="section"><div class="section__head"><h2>Results</h2><button class="btn btn--small" type="button" id="csv" data-csv>${icon('download', 14)}Download CSV</button></div>
      <div class="toolbar">${choose('agent', 'Person', '', [['', 'Everybody'], ...job.agents.map((a) => [a.intercom_admin_id, a.name || a.email]).sort((a, b) => a[1].localeCompare(b[1]))])}${choose('verdict', 'Verdict', '', VERDICTS)}</div><div id="results"></div></section>`);

    const showPeople = () => paint($('#agents', root), people(agentsFound(job, wanted), drawn));
    const show = (since) => {
      if (signal.aborted) return;
      paint($('#top', root), top(job, mayStop));
      paint($('#progress', root), progress(job, me, since));
      showPeople();
      $('#csv', root).disabled = job.progress.conversations.completed === 0;
    };
    const results = lister($('#results', root), {
      what: 'the results', signal,
      fetch: (page) => list(`${at}/assignments`, { ...wish, ...page, signal }),
      view: (rows, cursor) => (rows.length > 0 ? resultTable(rows, cursor) : noResults(job, wish.agent || wish.verdict)),
    });
    const failures = lister($('#errors', root), {
      what: 'the failures', signal, fetch: (page) => list(`${at}/errors`, { ...page, signal }), view: errors,
    });
    const hasFailures = () => job.progress.agents.failed + job.progress.conversations.failed > 0 || job.status === 'failed';
    const lists = ({ quiet }) => Promise.all([
      results.rows().length > 100 && quiet ? null : results.refresh({ quiet }), // a long list is read by a person, not followed
      hasFailures() && failures.refresh({ quiet }),
    ]);

    const follow = async () => {
      const before = job;
      try {
        job = await api(at, { signal });
        seen = new Date().toISOString();
      } catch (error) {
        show(seen);
        throw error;
      }
      const changed = !sameFigures(before, job);
      if (before.status !== job.status) paint($('#spoken', root), `The run is ${stateOf(job)}.`);
      show();
      if (changed) await lists({ quiet: true });
      if (LIVE.includes(job.status)) return changed ? 'changed' : 'same';
      refreshMe().catch(() => {}); // its end may have brought a notification
      return 'done';
    };
    const stay = () => { if (LIVE.includes(job.status)) poll(follow, { every: 5_000, signal }); };

    const sure = () => ask({
      title: 'Cancel this run?', danger: true, confirm: 'Cancel run', close: 'Let it run',
      body: html`<p>Nothing further is started. ${plural(job.progress.conversations.completed, 'finished chat is', 'finished chats are')} kept; what they cost stays spent. A cancelled run cannot be taken up again.</p>`,
    });
    on(root, 'click', '[data-do]', async (_, button) => {
      const what = button.dataset.do;
      if (what === 'cancel' && !await sure()) return;
      await busy(button, async () => {
        const live = LIVE.includes(job.status);
        try {
          const answer = await api(`${at}/${what}`, { method: 'POST', signal });
          toast(what === 'cancel' ? 'Run cancelled. Finished chats are kept.' : `${count(answer.agents)} of ${count(job.agents.length)} people are queued again.`);
          await follow();
          if (!live) stay();
        } catch (error) { complain(error); }
      });
    }, signal);

    on(root, 'click', '[data-csv]', (_, button) => busy(button, async () => {
      try {
        await save(`${at}/assignments?${new URLSearchParams(Object.entries(wish).filter(([, v]) => v))}`, { as: 'text/csv', name: `audit-${params.id}.csv`, signal });
      } catch (error) { complain(error, 'Nothing was downloaded. '); }
    }), signal);
    on(root, 'change', '#agent', (_, el) => { wish.agent = el.value; results.refresh(); }, signal);
    on(root, 'change', '#verdict', (_, el) => { wish.verdict = el.value; results.refresh(); }, signal);
    const find = debounce(120, () => { drawn = STEP; showPeople(); });
    on(root, 'input', '#find', (_, el) => { wanted = el.value.trim().toLowerCase(); find(); }, signal);
    on($('#people', root), 'click', '[data-more]', () => { drawn += 2 * STEP; showPeople(); }, signal);

    show();
    stay();
    await lists({ quiet: false });
  },
};

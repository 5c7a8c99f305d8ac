// Audits: every run, newest first, with where it stands.

import { $, html, on, paint } from '../lib/dom.js';
import { list } from '../lib/api.js';
import { count, percent, range, time } from '../lib/format.js';
import { icon } from '../lib/icons.js';
import { bind } from '../lib/keys.js';
import { poll } from '../lib/poll.js';
import { badge, bar, busy, complain, empty, failure, head, LIVE, more, stateOf, toneOf } from '../lib/ui.js';
import { showTab, tabs } from './audits/tabs.js';

const STATES = [['', 'Every state'], ['queued', 'Queued'], ['running', 'Running'], ['completed', 'Completed'], ['failed', 'Failed'], ['cancelled', 'Cancelled']];

const row = (job) => {
  const { percentage, agents, conversations: chats } = job.progress;
  return html`<tr class="is-link"><th scope="row"><a href="#/audits/jobs/${job.id}">${job.scorecard_name}</a><span class="cell-sub">${range(job.start_date, job.end_date)}</span></th>
    <td>${badge(stateOf(job))}</td>
    <td class="not-phone"><div class="cell-bar">${bar([[toneOf(job), percentage]], `${percent(percentage)} done`, true)}<span class="num small">${percent(percentage)}</span></div></td>
    <td class="r not-phone">${count(agents.completed)} of ${count(agents.total)}</td>
    <td class="r">${chats.total === null ? html`<span class="none">–</span>` : `${count(chats.completed)} of ${count(chats.total)}`}</td>
    <td class="not-phone">${job.created_by}</td><td class="r not-phone">${time(job.created_at)}</td></tr>`;
};

const table = (rows, cursor) => html`<div class="table-wrap"><table><caption class="sr">Audit runs</caption>
  <thead><tr><th scope="col">Run</th><th scope="col">Status</th><th class="not-phone" scope="col">Progress</th><th class="r not-phone" scope="col">People</th><th class="r" scope="col">Chats</th><th class="not-phone" scope="col">Started by</th><th class="r not-phone" scope="col">Started</th></tr></thead>
  <tbody>${rows.map(row)}</tbody></table></div>${more(rows.length, cursor)}`;

const newRun = html`<a class="btn btn--primary" href="#/audits/new">${icon('plus')}New run</a>`;

export default {
  title: () => 'Audits',
  async mount(root, { query, signal, go, can }) {
    let status = STATES.some(([s]) => s === query.get('status')) ? query.get('status') : '';
    let rows = [];
    let cursor = '';
    const load = async () => {
      const wanted = Math.min(100, Math.max(25, rows.length));
      const page = await list('/api/massive-ai-audit/jobs', { status, limit: wanted, signal });
      rows = page.data;
      cursor = page.next_cursor;
    };
    await load();
    paint(root, html`${head({ title: 'Audits', lead: 'Score every chat of the people you choose, with the sentence behind every mark.', actions: can('audits.run') && newRun })}${tabs('')}
      <div class="toolbar"><label class="sr" for="status">Status</label><select class="input" id="status">${STATES.map(([s, t]) => html`<option value="${s}" ${s === status && 'selected'}>${t}</option>`)}</select></div><div id="runs"></div>`);
    showTab(root);

    const show = () => paint($('#runs', root), rows.length > 0 ? table(rows, cursor) : html`<div class="panel">${status
      ? empty({ glyphName: 'audits', title: 'No run is in this state', text: 'Choose another state to see other runs.' })
      : empty({ glyphName: 'audits', title: 'No runs yet', text: 'Choose people, a range and a scorecard, then press Run audit. The first results arrive within minutes.', action: can('audits.run') && html`<a class="btn" href="#/audits/new">New run</a>` })}</div>`);
    const again = async () => {
      $('#runs', root).classList.add('dim');
      try { await load(); show(); } catch (error) { if (!signal.aborted) paint($('#runs', root), failure(error, 'the runs')); } finally { $('#runs', root)?.classList.remove('dim'); }
    };
    show();

    const poller = poll(async () => {
      if (!rows.some((j) => LIVE.includes(j.status))) return 'same';
      const before = JSON.stringify(rows);
      if (rows.length > 100) return 'same'; // a long list is read by a person, not followed
      await load();
      show();
      return JSON.stringify(rows) === before ? 'same' : 'changed';
    }, { every: 5_000, signal });
    on(root, 'change', '#status', (_, el) => { status = el.value; rows = []; again().then(poller.now); }, signal);
    on(root, 'click', '[data-retry]', again, signal);
    on(root, 'click', '[data-more]', (_, button) => busy(button, async () => {
      try {
        const page = await list('/api/massive-ai-audit/jobs', { status, cursor, signal });
        rows = [...rows, ...page.data];
        cursor = page.next_cursor;
        show();
      } catch (error) { complain(error); }
    }), signal);
    if (can('audits.run')) bind([{ keys: ['n'], label: 'New run', run: () => go('/audits/new') }], signal);
  },
};

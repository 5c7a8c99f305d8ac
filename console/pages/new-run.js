// New run: people, range, scorecard, what it will cost, and one press of Run audit.

import { $, debounce, html, on, paint, redraw } from '../lib/dom.js';
import { all, api } from '../lib/api.js';
import { addDays, count, today, zoneName } from '../lib/format.js';
import { check, clearErrors, field, number, problems, select, showErrors } from '../lib/forms.js';
import { icon } from '../lib/icons.js';
import { busy, empty, head, skeleton } from '../lib/ui.js';
import { estimateView } from './audits/estimate.js';

const MOST_PEOPLE = 1000;
const MOST_DRAWN = 200;

const person = (p, chosen) => html`<label class="pick"><input type="checkbox" data-person value="${p.intercom_admin_id}" ${chosen && 'checked'}><span class="pick__text"><span>${p.name}</span><small>${p.team || p.email}</small></span></label>`;

const noPeople = (can) => empty({ glyphName: 'info', title: 'Nobody can be audited yet', text: 'A run needs people with an Intercom id. Connect Intercom, then sync people.', action: html`<a class="btn" href="#/audits/people">Open people</a>${can('integrations.write') && html`<a class="btn" href="#/settings/integrations">Open integrations</a>`}` });
const noScorecards = (can) => empty({ glyphName: 'audits', title: 'There is no scorecard yet', text: 'A scorecard says what a good chat is.', action: can('scorecards.write') ? html`<a class="btn" href="#/audits/scorecards/new">New scorecard</a>` : html`<span class="meta">An admin adds the first one.</span>` });

const picker = html`<fieldset class="field" data-field="intercom_admin_ids"><legend class="sr">People</legend>
  <div class="row row--between"><span class="label">People</span><span class="meta" id="chosen" aria-live="polite"></span></div>
  <div class="panel picker">
    <div class="picker__bar"><div class="search">${icon('search')}<input class="input" id="find" type="search" placeholder="Find a name or team" aria-label="Find a name or team" autocomplete="off"></div><button class="btn" type="button" id="all" data-all>Choose all</button></div>
    <div class="picker__list" id="people">${skeleton(4)}</div>
  </div><div class="field__error" role="alert"></div></fieldset>`;

const form = (scorecards, start, end, last) => html`<form class="split" id="run" novalidate>
  <div class="stack run-form">
    <div class="run-row">
      ${field('scorecard_id', 'Scorecard', select(scorecards[0].id, scorecards.map((s) => [s.id, `${s.name} v${s.version}`])))}
      ${field('start_date', 'From', (a) => html`<input class="input" type="date" ${a} value="${start}" max="${last}" required>`)}
      ${field('end_date', 'To', (a) => html`<input class="input" type="date" ${a} value="${end}" max="${last}" required>`, zoneName())}
    </div>
    ${picker}
    <div class="run-row run-row--last">
      <fieldset class="field"><legend class="label">When it is done</legend><div class="run-options">
        ${check('notify_me_when_done', 'Notify me', true, { hint: 'Here and by e-mail' })}
        ${check('notify_results_to_audited_people', 'Notify the audited people', false, { hint: 'Each sees only their own results' })}</div></fieldset>
      ${field('max_cost_usd', 'Cost limit, USD', number(null, { min: 0, step: '0.01' }), 'Optional. The run pauses there.')}
    </div>
    ${problems}
  </div>
  <aside class="panel panel--sunk estimate" aria-label="Estimate">
    <div class="panel__head"><h2>Estimate</h2></div>
    <div class="panel__body stack"><div id="estimate" aria-live="polite"></div>
      <button class="btn btn--primary btn--wide" id="go" disabled aria-describedby="go-why">Run audit</button><p class="small" id="go-why" role="status"></p></div>
  </aside></form>`;

export default {
  title: () => 'New run',
  async mount(root, { signal, go, can }) {
    const [people, scorecards] = await Promise.all([
      all('/api/people', { has_intercom: 'true', most: MOST_PEOPLE, signal }),
      all('/api/scorecards', { signal }),
    ]);
    const able = people.filter((p) => p.intercom_admin_id);
    const top = head({ crumbs: [['Audits', '#/audits']], title: 'New run' });
    if (able.length === 0 || scorecards.length === 0) {
      paint(root, html`${top}<div class="panel">${able.length === 0 ? noPeople(can) : noScorecards(can)}</div>`);
      return;
    }
    const last = addDays(today(), -1);
    paint(root, html`${top}${form(scorecards, addDays(last, -29), last, today())}`);
    const run = $('#run', root);
    const chosen = new Set();
    let wanted = '';
    let key = crypto.randomUUID(); // one wish: pressed again after a lost answer, it is the same run
    let state = { kind: 'idle' };

    const read = () => {
      const data = new FormData(run);
      const picked = able.filter((p) => chosen.has(p.intercom_admin_id));
      const limit = data.get('max_cost_usd');
      return {
        scorecard_id: data.get('scorecard_id'),
        start_date: data.get('start_date'),
        end_date: data.get('end_date'),
        intercom_admin_ids: picked.map((p) => p.intercom_admin_id),
        agents: picked.map((p) => ({ intercom_admin_id: p.intercom_admin_id, email: p.email, name: p.name })),
        notify_me_when_done: data.has('notify_me_when_done'),
        notify_results_to_audited_people: data.has('notify_results_to_audited_people'),
        ...(limit ? { max_cost_usd: Number(limit) } : {}),
      };
    };
    const obstacle = (ask) => {
      if (ask.intercom_admin_ids.length === 0) return 'Choose at least one person.';
      if (!ask.start_date || !ask.end_date) return 'Choose both days.';
      return ask.end_date < ask.start_date ? 'The last day is before the first.' : '';
    };
    const found = () => able.filter((p) => `${p.name} ${p.team} ${p.email}`.toLowerCase().includes(wanted));

    const showPeople = () => {
      const rows = found();
      redraw($('#people', root), rows.length === 0 ? html`<p class="meta">Nobody of this name.</p>`
        : html`${rows.slice(0, MOST_DRAWN).map((p) => person(p, chosen.has(p.intercom_admin_id)))}${rows.length > MOST_DRAWN && html`<p class="meta">Showing ${MOST_DRAWN} of ${count(rows.length)}. Type a name or team to find the others.</p>`}`);
    };
    const show = () => {
      const ask = read();
      const why = obstacle(ask);
      const days = ask.start_date && ask.end_date ? Math.round((Date.parse(ask.end_date) - Date.parse(ask.start_date)) / 86_400_000) + 1 : null;
      const rows = found();
      paint($('#chosen', root), chosen.size ? `${count(chosen.size)} of ${count(able.length)} chosen` : 'None chosen');
      paint($('#all', root), rows.length > 0 && rows.every((p) => chosen.has(p.intercom_admin_id)) ? 'Choose none' : wanted ? `Choose these ${count(rows.length)}` : 'Choose all');
      paint($('#estimate', root), estimateView(state, { people: chosen.size, days: days > 0 ? days : null }));
      $('#go', root).disabled = Boolean(why);
      paint($('#go-why', root), why || 'You can leave the page; the run goes on.');
    };

    let asking = new AbortController();
    const estimate = async () => {
      asking.abort();
      asking = new AbortController();
      const body = read();
      if (obstacle(body)) { state = { kind: 'idle' }; show(); return; }
      state = { kind: 'loading', value: state.value };
      show();
      const mine = asking;
      try {
        state = { kind: 'ready', value: await api('/api/massive-ai-audit/estimate', { method: 'POST', body, signal: AbortSignal.any([signal, mine.signal]) }) };
      } catch (error) {
        if (signal.aborted || mine.signal.aborted) return;
        if (error.details?.length) showErrors(run, error, { focus: false });
        state = error.code === 'not_found' ? { kind: 'none' } : { kind: 'error', error };
      }
      if (mine === asking) show();
    };
    const soon = debounce(400, () => { if (!signal.aborted) estimate(); });
    const changed = () => {
      key = crypto.randomUUID();
      clearErrors(run);
      asking.abort(); // what was asked is no longer wanted
      show();
      soon();
    };

    on(root, 'change', '[data-person]', (_, box) => { if (box.checked) chosen.add(box.value); else chosen.delete(box.value); }, signal);
    on(root, 'change', '#run', (event) => { if (event.target.id !== 'find') changed(); }, signal);
    on(root, 'click', '[data-all]', () => {
      const ids = found().map((p) => p.intercom_admin_id);
      const every = ids.every((id) => chosen.has(id));
      ids.forEach((id) => { if (every) chosen.delete(id); else chosen.add(id); });
      showPeople();
      changed();
    }, signal);
    on(root, 'input', '#find', (_, el) => { wanted = el.value.trim().toLowerCase(); showPeople(); show(); }, signal);
    on(root, 'click', '[data-estimate]', estimate, signal);
    run.addEventListener('submit', (event) => {
      event.preventDefault();
      if (document.activeElement?.id === 'find' || $('#go', root).disabled) return; // Enter in the search starts nothing
      busy($('#go', root), async () => {
        try {
          const { job_id: id } = await api('/api/massive-ai-audit/start', { method: 'POST', body: read(), key, signal });
          go(`/audits/jobs/${id}`);
        } catch (error) {
          if (signal.aborted) return;
          if (!error.retryable) key = crypto.randomUUID();
          showErrors(run, error);
        }
      });
    }, { signal });
    showPeople();
    show();
  },
};

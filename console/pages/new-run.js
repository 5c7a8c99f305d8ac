// New run: people, range, scorecard, and one press of Run audit.

import { $, $$, html, on, paint } from '../lib/dom.js';
import { all, api } from '../lib/api.js';
import { addDays, count, day, dayYear, today, zoneName } from '../lib/format.js';
import { check, clearErrors, field, problems, select, showErrors } from '../lib/forms.js';
import { icon } from '../lib/icons.js';
import { busy, empty, head, skeleton } from '../lib/ui.js';

const person = (p) => html`<label class="pick"><input type="checkbox" name="person" value="${p.intercom_admin_id}"><span class="pick__text"><span>${p.name}</span><small>${p.team || p.email}</small></span></label>`;

const noPeople = empty({ glyphName: 'info', title: 'Nobody can be audited yet', text: 'A run needs people with an Intercom id. Connect Intercom, then sync people.', action: html`<a class="btn" href="#/settings/integrations">Open integrations</a>` });
const noScorecards = empty({ glyphName: 'audits', title: 'There is no scorecard yet', text: 'A scorecard says what a good chat is. An admin adds the first one over the API: POST /api/scorecards.' });

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
    <fieldset class="field"><legend class="label">When it is done</legend><div class="run-options">
      ${check('notify_me_when_done', 'Notify me', true, { hint: 'Here and by e-mail' })}
      ${check('notify_results_to_audited_people', 'Notify the audited people', false, { hint: 'Each sees only their own results' })}</div></fieldset>
    ${problems}
  </div>
  <aside class="panel panel--sunk estimate" aria-label="This run">
    <div class="panel__head"><h2>This run</h2></div>
    <div class="panel__body stack"><dl class="ledger" id="summary"></dl>
      <button class="btn btn--primary btn--wide" id="go" disabled aria-describedby="go-why">Run audit</button><p class="small" id="go-why" role="status"></p></div>
  </aside></form>`;

export default {
  title: () => 'New run',
  async mount(root, { signal, go }) {
    const [people, scorecards] = await Promise.all([
      all('/api/people', { has_intercom: 'true', signal }),
      all('/api/scorecards', { signal }),
    ]);
    const able = people.filter((p) => p.intercom_admin_id);
    const top = head({ crumbs: [['Audits', '#/audits']], title: 'New run' });
    if (able.length === 0 || scorecards.length === 0) {
      paint(root, html`${top}<div class="panel">${able.length === 0 ? noPeople : noScorecards}</div>`);
      return;
    }
    const last = addDays(today(), -1);
    paint(root, html`${top}${form(scorecards, addDays(last, -29), last, today())}`);
    paint($('#people', root), html`${able.map(person)}`);
    const run = $('#run', root);
    let key = crypto.randomUUID(); // one wish: pressed again after a lost answer, it is the same run

    const read = () => {
      const data = new FormData(run);
      const ids = data.getAll('person');
      return {
        scorecard_id: data.get('scorecard_id'),
        start_date: data.get('start_date'),
        end_date: data.get('end_date'),
        intercom_admin_ids: ids,
        agents: able.filter((p) => ids.includes(p.intercom_admin_id)).map((p) => ({ intercom_admin_id: p.intercom_admin_id, email: p.email, name: p.name })),
        notify_me_when_done: data.has('notify_me_when_done'),
        notify_results_to_audited_people: data.has('notify_results_to_audited_people'),
      };
    };
    const obstacle = (ask) => {
      if (ask.intercom_admin_ids.length === 0) return 'Choose at least one person.';
      if (!ask.start_date || !ask.end_date) return 'Choose both days.';
      return ask.end_date < ask.start_date ? 'The last day is before the first.' : '';
    };
    const show = () => {
      const ask = read();
      const chosen = ask.intercom_admin_ids.length;
      const why = obstacle(ask);
      const days = why && (!ask.start_date || !ask.end_date) ? null : Math.round((Date.parse(ask.end_date) - Date.parse(ask.start_date)) / 86_400_000) + 1;
      paint($('#chosen', root), chosen ? `${count(chosen)} of ${count(able.length)} chosen` : 'None chosen');
      paint($('#all', root), chosen === able.length ? 'Choose none' : 'Choose all');
      paint($('#summary', root), html`<div><dt>People</dt><dd>${count(chosen)}</dd></div><div><dt>Days</dt><dd>${days > 0 ? count(days) : '–'}</dd></div>
        <div><dt>Range</dt><dd>${days > 0 ? html`${day(ask.start_date)} – ${dayYear(ask.end_date)}` : '–'}</dd></div>`);
      $('#go', root).disabled = Boolean(why);
      paint($('#go-why', root), why || 'You can leave the page; the run goes on.');
    };

    on(root, 'change', '#run', () => { key = crypto.randomUUID(); clearErrors(run); show(); }, signal);
    on(root, 'click', '[data-all]', () => {
      const boxes = $$('[name=person]', root);
      const every = boxes.every((b) => b.checked);
      boxes.forEach((b) => { b.checked = !every; });
      key = crypto.randomUUID();
      show();
    }, signal);
    on(root, 'input', '#find', (_, el) => {
      const wanted = el.value.trim().toLowerCase();
      $$('.pick', root).forEach((pick) => { pick.hidden = !pick.textContent.toLowerCase().includes(wanted); });
    }, signal);
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
    show();
  },
};

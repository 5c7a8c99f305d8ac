// Figures: the queue now, the period against its targets, and the days behind it.

import { $, html, on, paint } from '../../lib/dom.js';
import { api } from '../../lib/api.js';
import { barChart, draw, lineChart, scale } from '../../lib/charts.js';
import { figure, numbers } from '../../lib/figure.js';
import { count, day, decimal, percent, ratio, today } from '../../lib/format.js';
import { icon } from '../../lib/icons.js';
import { save } from '../../lib/download.js';
import { busy, complain, empty, failure, skeleton, toast } from '../../lib/ui.js';
import { CHANNEL_CHOICES } from '../approvals/words.js';
import { badgeOf, basisOf, targetOf, valueOf } from './figure-words.js';
import { draftSwitch } from './switch.js';

const SPANS = [['7', '7 days'], ['30', '30 days'], ['90', '90 days']];
const GRADES = [['tone', 'Tone'], ['accuracy', 'Accuracy'], ['policy', 'Policy']];
const TENTHS = ['0', '.1', '.2', '.3', '.4', '.5', '.6', '.7', '.8', '.9'];

// -- the queue now -------------------------------------------------------------

const tile = (label, value, foot, mark = '') => html`<div class="tile"><dt>${label}</dt><dd class="tile__n num">${value}</dd><dd class="tile__foot"><span class="small">${foot}</span>${mark}</dd></div>`;
const ofFigure = (label, f, foot = targetOf(f)) => tile(label, valueOf(f), foot, badgeOf(f));

const tiles = (t) => html`<dl class="tiles tiles--four">
  ${tile('Customers waiting', count(t.queue_size), html`<a href="#/approvals">${count(t.drafts_pending)} to review</a>`)}
  ${ofFigure(`Answered in ${t.sla_minutes} min`, t.sla_percent)}${ofFigure('Response time', t.response_mean, 'mean')}${ofFigure('Drafted by AI', t.ai_drafted_percent)}
  ${GRADES.map(([id, label]) => ofFigure(label, t[id]))}${ofFigure('Overall', t.overall, 'mean of the three')}</dl>`;

// -- the period ----------------------------------------------------------------

const GROUPS = [
  ['Volume', 'volume', [['total', 'Public replies'], ['ai_drafted', 'Sent from a draft'], ['manual', 'Written by hand'], ['ai_drafted_percent', 'Drafted by AI']]],
  ['Quality', 'quality', [['tone', 'Tone'], ['accuracy', 'Accuracy'], ['policy', 'Policy'], ['overall', 'Overall']]],
  ['Speed', 'efficiency', [['response_median', 'Response time, median'], ['response_mean', 'Response time, mean'], ['response_p90', 'Response time, nine of ten'], ['sla_percent', 'Answered within the promise'], ['latency_median', 'Message to draft, median'], ['approval_median', 'Draft to decision, median']]],
  ['Learning', 'learning', [['approval_rate', 'Approved'], ['light_edit_rate', 'Approved with light edits'], ['edit_ratio', 'Changed by people, mean share'], ['edit_distance', 'Changed by people, mean characters']]],
];
const line = (label, f) => html`<tr><th scope="row">${label}<span class="cell-sub only-phone">${targetOf(f)}</span></th><td class="r strong">${valueOf(f)}</td><td class="r not-phone">${targetOf(f)}</td><td>${badgeOf(f)}</td><td class="r not-phone">${f.basis > 0 ? basisOf(f) : ''}</td></tr>`;
const ledger = (m) => html`<div class="table-wrap"><table class="ledger-table"><caption class="sr">Every figure of the period</caption><thead><tr><th scope="col">Figure</th><th class="r" scope="col">Value</th><th class="r not-phone" scope="col">Target</th><th scope="col">Standing</th><th class="r not-phone" scope="col">Counted from</th></tr></thead>
  ${GROUPS.map(([title, group, lines]) => html`<tbody><tr class="group"><th colspan="5" scope="rowgroup">${title}</th></tr>${lines.map(([name, label]) => line(label, m[group][name]))}</tbody>`)}</table></div>`;

const has = (daily, name) => daily.some((d) => d[name] !== null);
const byDay = (daily, heading, name, show) => numbers(['Day', heading], daily.map((d) => [day(d.date), show(d[name])]));
const nothing = html`<p class="meta fig__none">Nothing to draw in this period.</p>`;
const chart = (exists, id, title, lead, table) => (exists ? figure(id, title, lead, table) : html`<figure class="panel fig"><figcaption><h3>${title}</h3></figcaption>${nothing}</figure>`);

function charts(m) {
  const light = m.edits.slice(0, 2).reduce((a, b) => a + b, 0);
  const all = m.edits.reduce((a, b) => a + b, 0);
  const { quality, efficiency } = m;
  return html`<section><div class="section__head"><h3>Grades</h3><p>Mean of people’s marks, 1 to 5, by day</p></div><div class="figs">
    ${GRADES.map(([id, label]) => chart(has(m.daily, id), id, html`${label} ${valueOf(quality[id])}`, html`${targetOf(quality[id])} ${badgeOf(quality[id])}`, byDay(m.daily, 'Mean', id, ratio)))}</div></section>
  <section class="section"><div class="section__head"><h3>Work</h3></div><div class="figs">
    ${chart(m.volume.total.value > 0, 'volume', 'Replies by day', html`<span class="key"><i></i>from a draft</span> <span class="key"><i class="key__2"></i>by hand</span>`, numbers(['Day', 'From a draft', 'By hand'], m.daily.map((d) => [day(d.date), count(d.drafted), count(d.manual)])))}
    ${chart(has(m.daily, 'approval_minutes'), 'approval', 'Minutes from draft to decision', html`median by day, ${targetOf(efficiency.approval_median)}`, byDay(m.daily, 'Minutes', 'approval_minutes', decimal))}
    ${chart(all > 0, 'edits', 'How much people change', all > 0 ? `${percent(Math.round((light / all) * 1000) / 10)} leave with at most a fifth changed` : '', numbers(['Share changed', 'Replies'], m.edits.map((n, i) => [`${TENTHS[i]} to ${TENTHS[i + 1] ?? '1'}`, count(n)])))}</div></section>`;
}

function plots(m) {
  const labels = m.daily.map((d) => day(d.date));
  const column = (name) => m.daily.map((d) => d[name]);
  const out = {};
  for (const [id, label] of GRADES) {
    const { target } = m.quality[id];
    const low = Math.max(1, Math.floor(Math.min(4, ...column(id).filter((v) => v !== null))));
    out[id] = lineChart({ values: column(id), labels, domain: [low, 5], ticks: low === 4 ? [4, 4.5, 5] : Array.from({ length: 6 - low }, (_, i) => low + i), target, targetLabel: `target ${target}`, show: decimal, value: ratio, height: 136, label: `${label} by day, target ${target}` });
  }
  const totals = m.daily.map((d) => d.drafted + d.manual);
  out.volume = barChart({ values: totals, parts: column('drafted'), labels, ...scale(Math.max(...totals)), height: 168, label: 'Replies by day, drafted and by hand' });
  const minutes = column('approval_minutes');
  const goal = (m.efficiency.approval_median.target ?? 900) / 60;
  out.approval = lineChart({ values: minutes, labels, ...scale(Math.max(goal * 1.2, ...minutes.filter((v) => v !== null))), target: goal, targetLabel: `target ${goal} min`, value: (v) => `${decimal(v)} min`, height: 168, label: `Median minutes from draft to decision by day, target ${goal}` });
  out.edits = barChart({ values: m.edits, labels: TENTHS, ...scale(Math.max(...m.edits)), show: count, height: 168, label: 'Replies by share of the draft that was changed' });
  return out;
}

const frame = (wish, mayExport) => html`<div id="switch"></div>
  <section class="section section--first"><div class="section__head"><h2>Now</h2><p>The queue of this moment, and the last 7 days</p></div><div id="tile">${skeleton(2)}</div></section>
  <section class="section"><div class="section__head"><h2>Against the targets</h2><div class="row"><div class="seg" role="group" aria-label="Period" id="span"></div>
    <label class="sr" for="channel">Channel</label><select class="input input--auto" id="channel">${CHANNEL_CHOICES.map(([v, t]) => html`<option value="${v}" ${v === wish.channel && 'selected'}>${t}</option>`)}</select>
    ${mayExport && html`<button class="btn" type="button" id="export" data-export>${icon('download')}Learning signals</button>`}</div></div><div id="period">${skeleton(5)}</div></section>`;
const spans = (wish) => html`${SPANS.map(([value, text]) => html`<button type="button" id="span-${value}" data-span="${value}" aria-pressed="${String(wish.days === value)}">${text}</button>`)}`;

const quiet = (m) => m.volume.total.value === 0 && m.quality.overall.basis === 0;
const none = html`<div class="panel">${empty({ glyphName: 'cx', title: 'No replies in this period', text: 'Figures appear with the first reply. Choose a longer period, or look at what waits.', action: html`<a class="btn" href="#/approvals">Open approvals</a>` })}</div>`;

export default {
  async mount(root, { signal, can }) {
    const wish = { days: '30', channel: '' };
    let drawing = new AbortController();
    const ask = () => api(`/api/cx/metrics?${new URLSearchParams({ days: wish.days, ...(wish.channel && { channel: wish.channel }) })}`, { signal });
    const first = ask();
    const now = api('/api/cx/tile', { signal });
    now.catch(() => {});
    let found = await first;
    paint(root, frame(wish, can('cx.export')));
    const show = () => {
      drawing.abort();
      drawing = new AbortController();
      paint($('#span', root), spans(wish));
      paint($('#period', root), quiet(found) ? none : html`${charts(found)}<section class="section"><div class="section__head"><h3>Every figure</h3></div>${ledger(found)}</section>`);
      if (!quiet(found)) draw($('#period', root), plots(found), AbortSignal.any([signal, drawing.signal]));
    };
    let turn = 0;
    const load = async () => {
      turn += 1;
      const mine = turn;
      paint($('#span', root), spans(wish));
      $('#period', root).classList.add('dim');
      try {
        const answer = await ask();
        if (mine !== turn) return;
        found = answer;
        show();
      } catch (error) {
        if (!signal.aborted && mine === turn) paint($('#period', root), html`<div class="panel">${failure(error, 'the figures')}</div>`);
      } finally { if (mine === turn) $('#period', root).classList.remove('dim'); }
    };
    const showTile = async (asked) => {
      try { paint($('#tile', root), tiles(await asked)); } catch (error) { if (!signal.aborted) paint($('#tile', root), html`<div class="panel">${failure(error, 'the queue')}</div>`); }
    };
    on(root, 'click', '[data-span]', (_, el) => { wish.days = el.dataset.span; load(); }, signal);
    on(root, 'change', '#channel', (_, el) => { wish.channel = el.value; load(); }, signal);
    on(root, 'click', '#period [data-retry]', load, signal);
    on(root, 'click', '#tile [data-retry]', () => showTile(api('/api/cx/tile', { signal })), signal);
    on(root, 'click', '[data-export]', (_, button) => busy(button, async () => {
      try {
        await save('/api/cx/signals/export', { as: 'application/jsonl', name: `learning-signals-${today()}.jsonl`, signal });
        toast('The file holds no personal data; names are replaced.');
      } catch (error) { complain(error); }
    }), signal);
    show();
    await Promise.all([showTile(now), draftSwitch($('#switch', root), { signal, can }).catch(() => {})]);
  },
};

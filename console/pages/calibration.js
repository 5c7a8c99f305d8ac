// Calibration: how far people and the AI agree, criterion by criterion and week by week.

import { $, html, on, paint } from '../lib/dom.js';
import { all, api } from '../lib/api.js';
import { draw, lineChart, rowChart } from '../lib/charts.js';
import { figure, numbers } from '../lib/figure.js';
import { count, dayYear, day, NONE, percent, plural, ratio } from '../lib/format.js';
import { empty, failure, head, skeleton } from '../lib/ui.js';
import { choose } from './audits/result-list.js';
import { showTab, tabs } from './audits/tabs.js';

const SPANS = [['30', 'Last 30 days'], ['90', 'Last 90 days'], ['365', 'Last 12 months']];
const UNCALLED = 10; // fewer pairs than this say little

const signed = (v) => (v === null || v === undefined ? NONE : `${v > 0 ? '+' : v < 0 ? '−' : ''}${percent(Math.abs(v) * 100)}`);
const strength = (kappa) => (kappa === null ? 'says nothing yet' : kappa >= 0.8 ? 'very good' : kappa >= 0.6 ? 'good' : kappa >= 0.4 ? 'moderate' : kappa >= 0.2 ? 'fair' : 'poor');
const step = (share) => `${Math.round(share * 100)}%`;


function overall(c) {
  const exact = c.criteria.reduce((sum, one) => sum + one.exact_percent * one.pairs, 0) / c.pairs;
  const weakest = [...c.criteria].sort((a, b) => a.exact_percent - b.exact_percent)[0];
  return html`<dl class="facts"><div class="fact"><dt>Same mark</dt><dd>${percent(Math.round(exact * 10) / 10)}<small>of ${plural(c.pairs, 'mark')} given by both</small></dd></div>
    <div class="fact"><dt>Audits reviewed</dt><dd>${count(c.audits)}<small>by people, beside the AI</small></dd></div>
    <div class="fact"><dt>Least agreement</dt><dd class="fact__text">${weakest.label}<small>${percent(weakest.exact_percent)} the same</small></dd></div></dl>`;
}

const shade = (n, most) => (n === 0 ? '' : `heat-${Math.max(1, Math.ceil((n / most) * 4))}`);

/** Rows are the AI's marks, columns people's; the diagonal is agreement. */
function confusion(one) {
  const marks = [...new Set(one.confusion.flatMap((cell) => [cell.ai, cell.human]))].sort((a, b) => a - b);
  const at = (ai, human) => one.confusion.find((cell) => cell.ai === ai && cell.human === human)?.count ?? 0;
  const most = Math.max(...one.confusion.map((cell) => cell.count));
  return html`<div class="table-wrap heat"><table><caption class="sr">AI and people, ${one.label}</caption><thead><tr><th scope="col">AI gave</th>${marks.map((m) => html`<th class="r" scope="col"><span class="sr">people gave </span>${step(m)}</th>`)}</tr></thead>
    <tbody>${marks.map((ai) => html`<tr><th scope="row">${step(ai)}</th>${marks.map((human) => html`<td class="r ${shade(at(ai, human), most)} ${ai === human && 'is-same'}">${at(ai, human) || html`<span class="none">0</span>`}</td>`)}</tr>`)}</tbody></table></div>
    <p class="small heat__key">Columns: what people gave. Framed: the same mark. Shares of what the criterion can earn.</p>`;
}

function view(c, criterion) {
  const weeks = c.drift.map((d) => d.week);
  const chosen = c.criteria.find((one) => one.criterion === criterion) ?? c.criteria[0];
  return html`${overall(c)}
    <section class="section"><div class="section__head"><h2>By criterion</h2>${c.pairs < UNCALLED * c.criteria.length && html`<p>Few marks so far; read it with care</p>`}</div><div class="figs">
      ${figure('exact', 'Same mark', 'Share of marks that are exactly the same', numbers(['Criterion', 'Marks', 'Same'], c.criteria.map((one) => [one.label, count(one.pairs), percent(one.exact_percent)])))}
      ${figure('kappa', 'Agreement beyond chance', 'Weighted kappa: 1 is full agreement, 0 is chance', numbers(['Criterion', 'Kappa', 'Reads'], c.criteria.map((one) => [one.label, ratio(one.weighted_kappa), strength(one.weighted_kappa)])))}
      ${figure('bias', 'Who is kinder', 'AI minus people, as a share of the scale', numbers(['Criterion', 'AI minus people'], c.criteria.map((one) => [one.label, signed(one.bias)])))}</div></section>
    <section class="section"><div class="section__head"><h2>By week</h2><p>Weeks in which somebody reviewed</p></div>${c.drift.length < 2
      ? html`<div class="panel">${empty({ title: 'One week is no drift', text: 'From the second week with reviews on, the lines show whether the agreement moves.' })}</div>`
      : html`<div class="figs figs--two">
        ${figure('drift', 'Same mark', 'Per week', numbers(['Week of', 'Marks', 'Same'], c.drift.map((d) => [dayYear(d.week), count(d.pairs), percent(d.exact_percent)])))}
        ${figure('tilt', 'Who is kinder', 'AI minus people, per week', numbers(['Week of', 'AI minus people'], c.drift.map((d) => [dayYear(d.week), signed(d.bias)])))}</div>`}</section>
    <section class="section"><div class="section__head"><h2>Mark against mark</h2></div>
      <div class="toolbar">${choose('criterion', 'Criterion', chosen.criterion, c.criteria.map((one) => [one.criterion, one.label]))}</div>${confusion(chosen)}</section>`;
}

function charts(c) {
  const rows = (name) => c.criteria.map((one) => ({ name: one.label, value: one[name] }));
  const labels = c.drift.map((d) => day(d.week));
  const widest = Math.max(0.1, ...c.criteria.map((one) => Math.abs(one.bias)), ...c.drift.map((d) => Math.abs(d.bias)));
  const reach = Math.ceil(widest * 10) / 10;
  return {
    exact: rowChart({ rows: rows('exact_percent'), domain: [0, 100], show: percent, label: 'Share of same marks by criterion' }),
    kappa: rowChart({ rows: rows('weighted_kappa'), domain: c.criteria.some((one) => one.weighted_kappa < 0) ? [-1, 1] : [0, 1], show: ratio, label: 'Weighted kappa by criterion' }),
    bias: rowChart({ rows: rows('bias'), domain: [-reach, reach], show: signed, label: 'Bias by criterion', low: 'people kinder', high: 'AI kinder' }),
    drift: lineChart({ values: c.drift.map((d) => d.exact_percent), labels, domain: [0, 100], ticks: [0, 50, 100], show: step100, value: percent, label: 'Share of same marks by week' }),
    tilt: lineChart({ values: c.drift.map((d) => d.bias), labels, domain: [-reach, reach], ticks: [-reach, 0, reach], show: tilted, value: signed, label: 'Bias by week' }),
  };
}
const step100 = (v) => `${v}%`;
const tilted = (v) => `${v > 0 ? '+' : v < 0 ? '−' : ''}${Math.round(Math.abs(v) * 100)}%`;

const nothing = html`<div class="panel">${empty({ glyphName: 'audits', title: 'Nobody has marked an audit yet', text: 'Open a result and press “Add your marks”. Each mark a person gives beside the AI’s shows here how far the two agree.', action: html`<a class="btn" href="#/audits/results">Open results</a>` })}</div>`;

export default {
  title: () => 'Calibration',
  async mount(root, { signal }) {
    const wish = { days: '90', scorecard_id: '' };
    let found = null;
    let criterion = '';
    let drawing = new AbortController();
    paint(root, html`${head({ title: 'Calibration', lead: 'Do people and the AI give the same marks? Reviewers’ own marks, beside the AI’s.' })}${tabs('/calibration')}
      <div class="toolbar" id="filters">${choose('days', 'Time', wish.days, SPANS)}</div><div id="calibration">${skeleton(4)}</div>`);
    showTab(root);
    const region = $('#calibration', root);
    const show = () => {
      drawing.abort();
      drawing = new AbortController();
      paint(region, found.pairs === 0 ? nothing : view(found, criterion));
      if (found.pairs > 0) draw(region, charts(found), AbortSignal.any([signal, drawing.signal]));
    };
    const load = async () => {
      region.classList.add('dim');
      try {
        found = await api(`/api/audits/calibration?${new URLSearchParams(Object.entries(wish).filter(([, v]) => v))}`, { signal });
        show();
      } catch (error) {
        if (error.status === 403) throw error; // the whole page is closed to this person
        if (!signal.aborted) paint(region, html`<div class="panel">${failure(error, 'calibration')}</div>`);
      } finally { region.classList.remove('dim'); }
    };
    on(root, 'change', '#days', (_, el) => { wish.days = el.value; load(); }, signal);
    on(root, 'change', '#scorecard', (_, el) => { wish.scorecard_id = el.value; load(); }, signal);
    on(root, 'change', '#criterion', (_, el) => { criterion = el.value; show(); }, signal);
    on(root, 'click', '[data-retry]', load, signal);
    await load();
    all('/api/scorecards', { signal }).then((cards) => paint($('#filters', root), html`${choose('days', 'Time', wish.days, SPANS)}${choose('scorecard', 'Scorecard', '', [['', 'Every scorecard'], ...cards.map((s) => [s.id, s.name])])}`)).catch(() => {});
  },
};

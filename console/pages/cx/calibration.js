// Calibration: everybody grades the same replies without seeing the marks they should get; then how far people agree.

import { $, html, on, paint } from '../../lib/dom.js';
import { api, list } from '../../lib/api.js';
import { NONE, percent, plural, ratio, time } from '../../lib/format.js';
import { field, problems, showErrors } from '../../lib/forms.js';
import { grader, GRADES } from '../../lib/grader.js';
import { bind } from '../../lib/keys.js';
import { icon } from '../../lib/icons.js';
import { lister } from '../../lib/lister.js';
import { ask, busy, complain, empty, more, note, toast } from '../../lib/ui.js';

const signed = (v) => (v > 0 ? `+${ratio(v)}` : v < 0 ? `−${ratio(-v)}` : '0');

// -- grading blind ---------------------------------------------------------------

const open = (marks) => GRADES.filter(([id]) => !marks[id]);
const task = (item, marks, current, left) => html`<div class="blind__texts"><section><h3 class="drawer__sub">The customer wrote</h3><p class="said">${item.customer_message}</p></section><section><h3 class="drawer__sub">The reply</h3><p class="said">${item.reply}</p></section></div>
  <div class="blind__foot"><div class="graders">${GRADES.map((g) => grader(g, marks[g[0]], current === g[0]))}</div><div class="decide"><p class="small" role="status">${open(marks).length > 0 ? `Grade ${open(marks).map(([, l]) => l.toLowerCase()).join(', ').replace(/, (\w+)$/, ' and $1')} first. ${plural(left, 'reply', 'replies')} left.` : 'There is one try. The gold marks show after it.'}</p><button class="btn btn--primary" type="button" id="hand-in" data-hand-in ${open(marks).length > 0 && 'disabled'}>Hand in<kbd aria-hidden="true">a</kbd></button></div></div>`;

const compared = ([id, label], done) => html`<tr><th scope="row">${label}</th><td class="r">${done.yours[id]}</td><td class="r">${done.item[id]}</td><td class="r ${Math.abs(done.difference[id]) > 1 && 'warn-text'}">${done.difference[id] > 0 ? `+${done.difference[id]}` : done.difference[id] < 0 ? `−${-done.difference[id]}` : '0'}</td></tr>`;
const outcome = (done, left) => html`<div class="blind__texts"><section><h3 class="drawer__sub">The reply</h3><p class="said">${done.item.reply}</p></section><section><h3 class="drawer__sub" tabindex="-1" id="compared">Your marks and the gold marks</h3><div class="table-wrap"><table><caption class="sr">Your marks beside the gold marks</caption><thead><tr><th scope="col">Grade</th><th class="r" scope="col">Yours</th><th class="r" scope="col">Gold</th><th class="r" scope="col">Difference</th></tr></thead><tbody>${GRADES.map((g) => compared(g, done))}</tbody></table></div>${done.item.why && html`<p class="blind__why">${done.item.why}</p>`}</section></div>
  <div class="blind__foot"><span class="meta">${left > 0 ? `${plural(left, 'reply', 'replies')} left` : 'That was the last one.'}</span><button class="btn btn--primary" type="button" id="next-item" data-next>${left > 0 ? 'Next reply' : 'See agreement'}<kbd aria-hidden="true">j</kbd></button></div>`;

const allDone = (c, may) => (c.items === 0
  ? empty({ glyphName: 'audits', title: 'Nothing to grade yet', text: may ? 'Add a few replies with the marks they should get. Everybody grades them blind.' : 'An admin of your organisation can add replies with the marks they should get.', action: may && html`<button class="btn" type="button" id="add-first" data-add>Add a reply</button>` })
  : empty({ glyphName: 'check', title: 'You have graded everything', text: `${plural(c.graded, 'reply', 'replies')} of ${c.items}. New ones appear here.` }));

// -- agreement -------------------------------------------------------------------

const cell = (a) => html`<td class="r">${percent(a.exact_percent)}</td><td class="r not-phone">${percent(a.within_one_percent)}</td><td class="r">${signed(a.mean_difference)}</td><td class="r not-phone">${a.weighted_kappa === null ? NONE : ratio(a.weighted_kappa)}</td>`;
const person = (r) => html`<tbody><tr class="group"><th colspan="5" scope="rowgroup">${r.reviewer}, ${plural(r.items, 'reply', 'replies')}</th></tr>${GRADES.map(([id, label]) => html`<tr><th scope="row">${label}</th>${cell(r[id])}</tr>`)}</tbody>`;
const agreement = (c) => (c.agreement.length === 0
  ? html`<p class="meta">Figures appear with the first graded reply.</p>`
  : html`<div class="table-wrap"><table><caption class="sr">Agreement with the gold marks</caption><thead><tr><th scope="col">Grade</th><th class="r" scope="col">Same</th><th class="r not-phone" scope="col">Within one</th><th class="r" scope="col">Kinder by</th><th class="r not-phone" scope="col">Kappa</th></tr></thead>${c.agreement.map(person)}</table></div><p class="small heat__key">Kappa: agreement beyond chance, weighted; from 0.60 good, from 0.80 very good. One’s own figures; admins see everybody’s.</p>`);

// -- the gold set, for admins -------------------------------------------------------

const goldRow = (g) => html`<tr><th scope="row">${g.customer_message}<span class="cell-sub">${g.reply}</span></th><td class="r num">${g.tone} · ${g.accuracy} · ${g.policy}</td><td class="r not-phone">${time(g.created_at)}</td><td class="r">${g.retired_at ? html`<span class="none">Retired</span>` : html`<button class="btn btn--small btn--quiet" type="button" id="retire-${g.id}" data-retire="${g.id}">Retire<span class="sr"> ${g.customer_message.slice(0, 60)}</span></button>`}</td></tr>`;
const goldTable = (rows, cursor) => (rows.length === 0 ? html`<p class="meta">The gold set is empty.</p>` : html`<div class="table-wrap gold"><table><caption class="sr">Gold set</caption><thead><tr><th scope="col">Message and reply</th><th class="r" scope="col">T · A · P</th><th class="r not-phone" scope="col">Added</th><th scope="col"><span class="sr">Actions</span></th></tr></thead><tbody>${rows.map(goldRow)}</tbody></table></div>${more(rows.length, cursor)}`);

const area = (rows) => (attributes) => html`<textarea class="input" rows="${rows}" ${attributes}></textarea>`;
const mark = ([id, label]) => field(`grades.${id}`, label, (a) => html`<select class="input" ${a}>${[5, 4, 3, 2, 1].map((n) => html`<option>${n}</option>`)}</select>`);
function addForm(signal) {
  const key = crypto.randomUUID();
  return ask({
    title: 'Add a reply to the gold set', confirm: 'Add reply', onError: showErrors,
    body: html`${field('customer_message', 'The customer wrote', area(3))}${field('reply', 'The reply', area(5), 'Everybody reads it: leave out names and addresses.')}<div class="pairs pairs--three">${GRADES.map(mark)}</div>${field('why', 'Why these marks', area(2), 'Shown after grading')}${problems}`,
    submit: (data) => api('/api/cx/calibration/items', { method: 'POST', key, signal, body: {
      customer_message: data.get('customer_message').trim(), reply: data.get('reply').trim(), why: data.get('why').trim(), grades: Object.fromEntries(GRADES.map(([id]) => [id, Number(data.get(`grades.${id}`))])),
    } }),
  });
}

export default {
  async mount(root, { signal, can }) {
    const may = can('cx.administer');
    let found = await api('/api/cx/calibration', { signal });
    const state = { marks: {}, current: 'tone', done: null, key: crypto.randomUUID() };
    const left = () => found.items - found.graded;
    paint(root, html`<div id="lines"></div><section class="panel blind" aria-label="Grade blind"><div class="panel__head"><h2>Grade blind</h2><span class="small num" id="blind-count"></span></div><div class="panel__body" id="blind"></div></section>
      <section class="section"><div class="section__head"><h2>Agreement with the gold marks</h2></div><div id="agreement"></div></section>
      ${may && html`<section class="section"><div class="section__head"><h2>Gold set</h2><button class="btn" type="button" id="add" data-add>${icon('plus')}Add a reply</button></div><div id="gold"></div></section>`}`);
    const gold = may && lister($('#gold', root), { fetch: (wish) => list('/api/cx/calibration/items', { ...wish, signal }), view: goldTable, what: 'the gold set', signal });
    const show = () => {
      const [item] = found.next;
      paint($('#lines', root), html`${found.straight_lining.map((s) => note('warn', html`<strong>${s.reviewer}</strong><span>${s.warning}</span>`))}`);
      paint($('#blind-count', root), found.items > 0 ? `${found.graded} of ${found.items} graded` : '');
      paint($('#blind', root), state.done ? outcome(state.done, left()) : item ? task(item, state.marks, state.current, left()) : allDone(found, may));
      paint($('#agreement', root), agreement(found));
    };
    const reload = async () => { found = await api('/api/cx/calibration', { signal }); show(); };
    const grade = (id, n) => { state.marks[id] = n; state.current = open(state.marks)[0]?.[0] ?? id; show(); };
    const handIn = async () => {
      const [item] = found.next;
      if (!item || state.done || open(state.marks).length > 0) return;
      await busy($('#hand-in', root), async () => {
        try {
          state.done = await api(`/api/cx/calibration/${item.id}/grades`, { method: 'POST', key: state.key, signal, body: state.marks });
          Object.assign(state, { marks: {}, current: 'tone', key: crypto.randomUUID() });
          await reload();
          $('#compared', root)?.focus({ preventScroll: true });
        } catch (error) {
          complain(error);
          if (error.status === 409) await reload().catch(complain);
        }
      });
    };
    const next = () => { if (!state.done) return; state.done = null; show(); $('#blind', root).scrollIntoView({ block: 'nearest' }); };

    on(root, 'click', '.grader input', (_, el) => grade(el.closest('[data-grader]').dataset.grader, Number(el.value)), signal);
    on(root, 'click', '[data-hand-in]', handIn, signal);
    on(root, 'click', '[data-next]', next, signal);
    on(root, 'click', '[data-add]', async () => { if (await addForm(signal).catch(complain)) { toast('Added. Everybody is asked to grade it.'); await reload().catch(complain); gold.refresh({ quiet: true }); } }, signal);
    on(root, 'click', '[data-retire]', (_, button) => busy(button, async () => {
      try {
        await api(`/api/cx/calibration/items/${button.dataset.retire}`, { method: 'DELETE', signal });
        toast('Retired. Nobody is asked about it any more.');
        await Promise.all([reload(), gold.refresh({ quiet: true })]);
      } catch (error) { complain(error); }
    }), signal);
    const idle = () => Boolean(state.done) || found.next.length === 0;
    bind([
      { keys: ['1', '2', '3', '4', '5'], shown: ['1', '–', '5'], label: 'Grade: tone, then accuracy, then policy', off: idle, run: (event) => grade(state.current, Number(event.key)) },
      { keys: ['Backspace'], shown: ['⌫'], label: 'Take back the last grade', off: idle, run: () => { const last = GRADES.filter(([g]) => state.marks[g]).at(-1)?.[0]; if (last) { delete state.marks[last]; state.current = last; show(); } } },
      { keys: ['a'], label: 'Hand in', off: idle, run: handIn },
      { keys: ['j'], label: 'Next reply', off: () => !state.done, run: next },
    ], signal);
    show();
    if (may) await gold.refresh();
  },
};

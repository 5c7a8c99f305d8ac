// Approvals: a queue, a drawer, three grades, one decision. Everything works by keyboard.

import { $, $$, debounce, html, on, paint } from '../lib/dom.js';
import { api } from '../lib/api.js';
import { clock } from '../lib/format.js';
import { bind } from '../lib/keys.js';
import { poll } from '../lib/poll.js';
import { busy, complain, empty, failure, note, skeleton, toast } from '../lib/ui.js';
import { attention } from './approvals/attention.js';
import { decisions } from './approvals/decisions.js';
import * as draw from './approvals/drawer.js';
import { memory, replyIn } from './approvals/memory.js';
import { proof } from './approvals/proof.js';
import { queueCount, queueRows, queueTools, stale } from './approvals/queue.js';
import { FILTERS, filtersOf, store } from './approvals/store.js';
import { suspectsOf, talk } from './approvals/talk.js';
import { GRADES } from '../lib/grader.js';

const CLOCK_MS = 15_000;
const TYPING_PAUSE_MS = 250;
const wide = matchMedia('(min-width: 64rem)');

const page = html`<div class="desk" id="desk"><h1 class="sr" tabindex="-1">Approvals</h1><p class="sr" id="said" role="status"></p>
  <section class="queue" aria-label="Queue"><header class="queue__head"><span class="queue__title" aria-hidden="true">Approvals</span><span class="meta" id="queue-count"></span></header>
    <div class="queue__tools" id="queue-tools"></div><div id="queue-note"></div><div class="queue__list" id="queue" tabindex="-1">${skeleton(6)}</div></section>
  <section class="drawer" id="drawer" aria-label="Reply under review"></section></div>`;
const allDone = empty({ glyphName: 'check', title: 'Nothing waits for you', text: 'New drafts open here by themselves.' });
const noneOpen = empty({ glyphName: 'approvals', title: 'No reply is open', text: 'Choose one from the queue, or press j for the first.' });
const switchedOff = note('warn', html`<strong>Drafting is switched off</strong><span>No new drafts arrive and none can be approved. Answer in Chatwoot. <a href="#/cx">See the switch</a></span>`);

let update = null;

export default {
  title: () => 'Approvals',
  update: (params, query) => update?.(params, query) ?? false,
  async mount(root, { params, query, signal, me, can, go }) {
    const desk = store(filtersOf(query), signal);
    const mine = memory(me.user_id);
    const eyes = attention(mine.spend, signal);
    const state = { openId: null, drawn: null, problem: null, wishes: new Map(), troubled: '', off: false };
    const open = () => desk.details.get(state.openId) ?? null;
    const address = (id) => {
      const wish = new URLSearchParams(FILTERS.filter((name) => desk.filters[name] && desk.filters[name] !== 'waiting').map((name) => [name, desk.filters[name]]));
      return `/approvals${id ? `/${id}` : ''}${wish.size > 0 ? `?${wish}` : ''}`;
    };

    root.className = 'page page--full';
    const first = desk.load();
    if (params.id) desk.detail(params.id).catch(() => {}); // beside the queue, not after it
    await first;
    paint(root, page);
    paint($('#queue-tools', root), queueTools(desk.filters));

    // -- painting -------------------------------------------------------------

    const say = (words) => { const region = $('#said', root); region.textContent = ''; requestAnimationFrame(() => { region.textContent = words; }); };
    const showQueue = () => {
      paint($('#queue-count', root), queueCount(desk.counts, desk.filters, desk.rows.length));
      paint($('#queue-note', root), html`${state.off && switchedOff}${state.troubled && stale(state.troubled, clock(new Date(state.since).toISOString()))}`);
      paint($('#queue', root), queueRows({ ...desk, openId: state.openId, edited: mine.edited, address: (id) => `#${address(id)}`, now: Date.now() }));
    };
    const notes = (detail, work) => {
      const live = detail.status === 'pending';
      const newer = live ? null : desk.newerThan(detail);
      const before = live ? mine.writtenBefore(detail) : null;
      const asked = state.wishes.get(detail.conversation_id);
      return html`${newer && draw.newerIsHere(newer.id)}${!live && work.reply !== null && draw.unused(work.reply)}
        ${live && asked && draw.waitingForNew(asked)}${live && !asked && detail.stale && !state.problem && draw.someNew}${live && detail.send_problem && draw.notSent(detail)}
        ${before && draw.leftOver(before[1].reply)}${draw.found(detail)}`;
    };
    const showReply = (detail, work) => {
      const decided = detail.status !== 'pending';
      const text = decided ? detail.decision?.reply ?? detail.draft : replyIn(work, detail.draft);
      const area = $('#reply', root);
      area.readOnly = decided;
      if (area.value !== text && document.activeElement !== area) area.value = text;
      area.hidden = work.view === 'diff';
      $('#d-diff', root).hidden = work.view !== 'diff';
      if (work.view === 'diff') paint($('#d-diff', root), draw.changes(detail.draft, text));
      paint($('#d-bar', root), draw.replyBar(detail, work, decided));
      paint($('#d-tools', root), draw.replyTools(detail, work));
    };
    const showFoot = (detail, work) => {
      const foot = $('.drawer__foot', root);
      const decided = detail.status !== 'pending';
      foot.classList.toggle('is-decided', decided);
      paint($('#d-grades', root), decided ? draw.outcome(detail) : draw.graders(work));
      const where = draw.standing(detail, work);
      $('.decide', foot).hidden = decided;
      paint($('#why', root), decided ? '' : where.why);
      paint($('#d-do', root), decided ? '' : draw.actions(where));
    };
    const showDrawer = () => {
      const detail = open();
      $('#desk', root).classList.toggle('has-open', Boolean(state.openId));
      if (!detail) return;
      const work = mine.of(detail);
      if (state.drawn !== detail.id) {
        paint($('#drawer', root), draw.frame(detail, ''));
        state.drawn = detail.id;
      }
      paint($('#d-head', root), draw.top(detail, { at: desk.index(detail.id), of: desk.rows.length, back: `#${address()}` }));
      paint($('#d-talk', root), talk(detail, suspectsOf(detail)));
      paint($('#d-alert', root), state.problem ? draw.refusal(state.problem, detail, can('settings.write')) : '');
      paint($('#d-found', root), notes(detail, work));
      paint($('#d-signals', root), draw.signals(detail, Date.now()));
      showReply(detail, work);
      paint($('#d-proof', root), proof(detail));
      showFoot(detail, work);
    };
    const show = () => { showQueue(); showDrawer(); };

    // -- opening and moving ----------------------------------------------------

    const prefetch = () => { const next = desk.after(state.openId); if (next && !desk.details.has(next.id)) desk.detail(next.id).catch(() => {}); };
    const settleView = (focus) => {
      if (wide.matches) $('#d-talk', root).scrollTo(0, 1e6); else scrollTo(0, 0);
      if (focus && !document.activeElement?.matches('input, textarea, select')) $('.drawer h2', root).focus({ preventScroll: true }); // never out of somebody's typing
      $('.q.is-open', root)?.scrollIntoView({ block: 'nearest' });
      prefetch();
    };
    const show1 = async (id, focus = true) => {
      if (id !== state.openId) $$('dialog[open]').forEach((dialog) => dialog.close()); // it was about another reply
      Object.assign(state, { openId: id, problem: null });
      eyes.look(id);
      const known = id && desk.details.has(id);
      if (!known) { paint($('#drawer', root), id ? skeleton(5) : desk.rows.some((row) => row.status === 'pending') ? noneOpen : allDone); state.drawn = null; }
      show();
      if (!id) { if (focus) $('#queue', root).focus({ preventScroll: true }); return; }
      if (known) settleView(focus);
      if (desk.fresh(id)) return;
      try {
        await desk.detail(id);
        if (state.openId !== id) return;
        show();
        if (!known) settleView(focus);
      } catch (error) {
        if (signal.aborted || state.openId !== id || known) return;
        paint($('#drawer', root), failure(error, 'this reply'));
        state.drawn = null;
      }
    };
    const firstOpen = () => (wide.matches ? desk.rows.find((row) => row.status === 'pending')?.id ?? (desk.filters.status === 'decided' ? desk.rows[0]?.id : null) ?? null : null);
    /** Open at once; the address follows, so that quick keys never count from where one was. */
    const travel = (id) => { show1(id); if (location.hash.slice(1) !== address(id)) go(address(id)); };
    const move = (by) => {
      const at = desk.index(state.openId);
      const to = desk.rows[at < 0 ? 0 : Math.min(desk.rows.length - 1, Math.max(0, at + by))];
      if (to && to.id !== state.openId) travel(to.id);
    };
    /** After a decision: the next that waits, or the queue. */
    const onward = (from) => {
      travel(desk.after(from)?.id ?? null);
    };

    // -- following the server ---------------------------------------------------

    const seen = () => JSON.stringify([desk.rows, open()]);
    const refresh = async () => {
      const before = seen();
      try {
        await Promise.all([desk.load(), state.openId && open()?.status !== 'sent' ? desk.detail(state.openId).catch((error) => { if (error.status !== 404) throw error; }) : null]);
        Object.assign(state, { troubled: '', since: Date.now() });
      } catch (error) {
        if (!signal.aborted) { state.troubled = error.message; showQueue(); }
        throw error;
      }
      const detail = open();
      const newer = detail && detail.status !== 'pending' ? desk.newerThan(detail) : null;
      if (newer && state.wishes.delete(detail.conversation_id) && document.activeElement?.id !== 'reply' && !$('dialog[open]')) {
        say('The new draft is here.');
        travel(newer.id);
      } else if (!state.openId && wide.matches && desk.rows.length > 0 && desk.filters.status === 'waiting' && firstOpen()) {
        show1(firstOpen(), false);
      } else show();
      return seen() === before ? 'same' : 'changed';
    };
    state.since = Date.now();
    const poller = poll(refresh, { every: 5_000, signal });
    const ticking = setInterval(() => { if (!document.hidden) { showQueue(); const detail = open(); if (detail && state.drawn === detail.id) paint($('#d-signals', root), draw.signals(detail, Date.now())); } }, CLOCK_MS);
    signal.addEventListener('abort', () => { clearInterval(ticking); update = null; }, { once: true });

    const decide = decisions({
      detail: open, work: () => mine.of(open()), mine, desk, eyes, state, root, signal, say, show, onward,
      again: () => poller.now(), standing: () => draw.standing(open(), mine.of(open())),
    });

    // -- what a person does -----------------------------------------------------

    const changing = (change) => { const detail = open(); if (!detail || detail.status !== 'pending') return; change(mine.of(detail), detail); mine.keep(); show(); };
    const grade = (id, n) => changing((work) => {
      work.grades[id] = n;
      work.key = null;
      work.current = GRADES.find(([g]) => !work.grades[g])?.[0] ?? id;
      say(`${GRADES.find(([g]) => g === id)[1]} ${n}. ${draw.standing(open(), work).why}`);
    });
    const write = (text) => changing((work, detail) => { work.reply = text === detail.draft ? null : text; work.key = null; });
    const setText = (text) => { write(text); const area = $('#reply', root); area.value = text; showDrawer(); };
    const view = (name) => { const detail = open(); if (!detail) return; mine.of(detail).view = name; showDrawer(); };
    const edit = () => { view('edit'); $('#reply', root)?.focus(); };

    on(root, 'click', '[data-current]', (_, el) => changing((work) => { work.current = el.dataset.current; }), signal);
    on(root, 'click', '[data-move]', (_, el) => move(Number(el.dataset.move)), signal);
    on(root, 'click', '[data-view]', (_, el) => view(el.dataset.view), signal);
    on(root, 'click', '[data-revert]', () => { setText(open().draft); edit(); }, signal);
    on(root, 'click', '[data-use]', (_, el) => { setText(open().earlier.find((e) => e.id === el.dataset.use).reply); edit(); }, signal);
    on(root, 'click', '[data-take]', () => { const [id, work] = mine.writtenBefore(open()); mine.drop(id); setText(work.reply); edit(); }, signal);
    on(root, 'click', '[data-leave]', () => { mine.drop(mine.writtenBefore(open())[0]); show(); }, signal);
    on(root, 'click', '[data-newer]', (_, el) => travel(el.dataset.newer), signal);
    on(root, 'click', '[data-regenerate]', decide.regenerate, signal);
    on(root, 'click', '[data-escalate]', decide.escalate, signal);
    on(root, 'click', '[data-approve]', decide.approve, signal);
    on(root, 'click', '[data-reject]', decide.reject, signal);
    // "click" and not "change": pressing the 3 that is already shown is also a grade.
    on(root, 'click', '.grader input', (_, el) => grade(el.closest('[data-grader]').dataset.grader, Number(el.value)), signal);
    const typed = debounce(TYPING_PAUSE_MS, () => { if (!signal.aborted && open()) { mine.keep(); show(); } });
    on(root, 'input', '#reply', (_, el) => { const detail = open(); Object.assign(mine.of(detail), { reply: el.value === detail.draft ? null : el.value, key: null }); typed(); }, signal);
    on(root, 'keydown', '#reply', (event, el) => { if (event.key === 'Escape') { event.stopPropagation(); el.blur(); mine.keep(); show(); $('.drawer h2', root).focus({ preventScroll: true }); } }, signal);
    on(root, 'click', '#drawer [data-retry]', () => show1(state.openId), signal);

    const narrow = async (change) => {
      Object.assign(desk.filters, change);
      desk.rows = [];
      history.replaceState(null, '', `#${address()}`);
      paint($('#queue-tools', root), queueTools(desk.filters));
      $('#queue', root).classList.add('dim');
      try {
        if (!await desk.load()) return;
        await show1(firstOpen(), false);
      } catch (error) { if (!signal.aborted) paint($('#queue', root), failure(error, 'the queue')); } finally { $('#queue', root).classList.remove('dim'); }
    };
    on(root, 'click', '[data-status]', (_, el) => narrow({ status: el.dataset.status }), signal);
    on(root, 'change', '[data-filter]', (_, el) => narrow({ [el.dataset.filter]: el.value }), signal);
    on(root, 'input', '#q', debounce(TYPING_PAUSE_MS, (_, el) => narrow({ q: el.value.trim() })), signal);
    on(root, 'click', '[data-all]', () => { narrow({ q: '', risk: '', channel: '' }); $('#q', root).value = ''; }, signal);
    on(root, 'click', '#queue [data-retry]', () => narrow({}), signal);
    on(root, 'click', '[data-more]', (_, button) => busy(button, async () => { try { await desk.more(); showQueue(); } catch (error) { complain(error); } }), signal);

    const idle = () => open()?.status !== 'pending';
    bind([
      { keys: ['j'], label: 'Next reply', run: () => move(1) },
      { keys: ['k'], label: 'Previous reply', run: () => move(-1) },
      { keys: ['1', '2', '3', '4', '5'], shown: ['1', '–', '5'], label: 'Grade: tone, then accuracy, then policy', off: idle, run: (event) => grade(mine.of(open()).current, Number(event.key)) },
      { keys: ['Backspace'], shown: ['⌫'], label: 'Take back the last grade', off: idle, run: () => changing((work) => { const last = GRADES.filter(([g]) => work.grades[g]).at(-1)?.[0]; if (last) { delete work.grades[last]; work.current = last; work.key = null; } }) },
      { keys: ['e'], label: 'Edit the reply (Esc leaves it)', off: idle, run: edit },
      { keys: ['d'], label: 'Show changes against the AI draft', off: () => !open(), run: () => view(mine.of(open()).view === 'diff' ? 'edit' : 'diff') },
      { keys: ['n'], label: 'Ask for a new draft', off: idle, run: decide.regenerate },
      { keys: ['x'], label: 'Escalate to a colleague', off: idle, run: decide.escalate },
      { keys: ['a'], label: 'Approve and send', off: idle, run: decide.approve },
      { keys: ['r'], label: 'Reject', off: idle, run: decide.reject },
    ], signal);

    update = (to, wish) => {
      const wanted = filtersOf(wish);
      if (FILTERS.some((name) => wanted[name] !== desk.filters[name])) { narrow(wanted); return true; }
      const id = to.id ?? firstOpen();
      if (id !== state.openId) show1(id);
      else show();
      return true;
    };
    api('/api/settings', { signal }).then(({ flags }) => { state.off = flags?.AI_CUSTOMER_DRAFT_ENABLED === false; showQueue(); }).catch(() => {});
    await show1(params.id ?? firstOpen(), Boolean(params.id));
  },
};

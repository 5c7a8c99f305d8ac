// Conversations: every one with how far its enrichment is; choose some, have them enriched, see what failed and why.

import { $, $$, debounce, html, on, paint } from '../lib/dom.js';
import { list } from '../lib/api.js';
import { count } from '../lib/format.js';
import { icon } from '../lib/icons.js';
import { bind } from '../lib/keys.js';
import { lister } from '../lib/lister.js';
import { poll } from '../lib/poll.js';
import { busy, complain, failure, head, skeleton } from '../lib/ui.js';
import { enrichment } from './conversations/enrichment.js';
import { byCategory, failures } from './conversations/enrichment-views.js';
import { figures, filters, nothing, selection, table, totalOf, whyFailed } from './conversations/list-views.js';
import { dressed, showTab, tabs } from './conversations/tabs.js';
import { nameOf, STATUSES, UNDER_WAY } from './conversations/words.js';

const FILTERS = ['q', 'enrichment_status', 'source', 'topic', 'language', 'from', 'to', 'import_id'];
const HIDDEN = ['source', 'topic', 'language', 'from', 'to'];
const MOST_GATHERED = 10_000;
const MOST_REASONS = 500;

export default {
  title: () => 'Conversations',
  async mount(root, { query, signal, can, go }) {
    await dressed();
    const wish = Object.fromEntries(FILTERS.map((name) => [name, query.get(name) ?? '']));
    if (!STATUSES.some(([s]) => s === wish.enrichment_status)) wish.enrichment_status = '';
    const mayRun = can('enrichment.run');
    const chosen = new Set();
    const names = new Map();
    let counts = null;
    let gathering = null;
    let unsettled = true;
    let runs = (query.get('runs') ?? '').split(',').filter(Boolean);
    const narrowed = () => Object.values(wish).some(Boolean);

    paint(root, html`${head({ title: 'Conversations', lead: 'Raw conversations become clean, labelled ones without personal data.', actions: can('conversations.write') && html`<a class="btn ${!mayRun && 'btn--primary'}" href="#/conversations/imports/new">${icon('upload')}Import</a>` })}${tabs('')}
      <div id="figures"></div><div id="running"></div><div id="why-box"></div><div id="filters"></div><div id="chosen"></div><div id="list"></div>`);
    showTab(root);

    const showChosen = () => {
      const shown = found.rows();
      paint($('#chosen', root), mayRun && shown.length > 0 && counts ? selection({ chosen: chosen.size, matching: totalOf(counts, wish.enrichment_status), shown: shown.length, gathering }) : '');
      $$('[data-pick]', root).forEach((box) => { box.checked = chosen.has(box.value); });
      const header = $('[data-pick-shown]', root);
      if (!header) return;
      const picked = shown.filter((c) => chosen.has(c.id)).length;
      header.checked = picked === shown.length;
      header.indeterminate = picked > 0 && picked < shown.length;
    };
    const showFigures = () => {
      paint($('#figures', root), counts ? figures(counts) : '');
      if (!$('#why', root)?.open) paint($('#why-box', root), counts?.failed > 0 ? whyFailed(counts.failed) : '');
    };
    const found = lister($('#list', root), {
      what: 'the conversations', signal,
      fetch: async (page) => {
        const answer = await list('/api/conversations', { ...wish, ...page, signal });
        counts = answer.counts ?? counts;
        answer.data.forEach((c) => names.set(c.id, nameOf(c)));
        return answer;
      },
      view: (rows, cursor) => {
        queueMicrotask(() => { if (!signal.aborted) { showFigures(); showChosen(); showTopics(rows); } });
        return rows.length > 0 ? table(rows, cursor, chosen, mayRun) : nothing(narrowed(), can('conversations.write'));
      },
    });
    const showTopics = (rows) => paint($('#topics', root), html`${[...new Set(rows.map((c) => c.topic).filter(Boolean))].map((topic) => html`<option value="${topic}"></option>`)}`);

    const remember = () => {
      const shown = new URLSearchParams(Object.entries({ ...wish, runs: runs.join(',') }).filter(([, value]) => value)).toString();
      history.replaceState(null, '', `#/conversations${shown && `?${shown}`}`); // so that a reload, or a colleague, finds the same
    };
    const showFilters = () => paint($('#filters', root), filters(wish, { open: HIDDEN.some((name) => wish[name]) }));
    const narrow = (change) => {
      Object.assign(wish, change);
      chosen.clear();
      remember();
      return found.refresh();
    };

    const work = enrichment($('#running', root), {
      signal, mayRetry: mayRun, name: (id) => names.get(id) ?? id.slice(0, 8),
      changed: (now) => {
        runs = now.runs;
        remember();
        follow.now();
      },
    });
    const follow = poll(async () => {
      const going = work.going() || UNDER_WAY.some((status) => counts?.[status] > 0);
      if (!going && !unsettled) return 'same';
      unsettled = going; // once more after the end, for the last of them
      const before = JSON.stringify(counts);
      if (found.rows().length <= 100) await found.refresh({ quiet: true }); // a long list is read by a person, not followed
      else counts = (await list('/api/conversations', { ...wish, limit: 1, signal })).counts;
      showFigures();
      return JSON.stringify(counts) === before ? 'same' : 'changed';
    }, { every: 3_000, slowest: 15_000, signal });

    on(root, 'change', '[data-wish]', (_, el) => narrow({ [el.dataset.wish]: el.value.trim() }), signal);
    const find = debounce(250, (value) => { if (!signal.aborted) narrow({ q: value }); });
    on(root, 'input', '#q', (_, el) => find(el.value.trim()), signal);
    on(root, 'click', '[data-all], [data-every-import]', (_, button) => {
      const all = button.matches('[data-all]') ? FILTERS : ['import_id'];
      narrow(Object.fromEntries(all.map((name) => [name, ''])));
      showFilters();
    }, signal);

    on(root, 'change', '[data-pick]', (_, box) => { if (box.checked) chosen.add(box.value); else chosen.delete(box.value); showChosen(); }, signal);
    on(root, 'change', '[data-pick-shown]', (_, box) => { found.rows().forEach((c) => (box.checked ? chosen.add(c.id) : chosen.delete(c.id))); showChosen(); }, signal);
    on(root, 'click', '[data-choose-none]', () => { chosen.clear(); showChosen(); $('#enrich-selected', root)?.focus(); }, signal);
    on(root, 'click', '[data-choose-all]', async () => {
      const asked = JSON.stringify(wish);
      let cursor = '';
      gathering = 0;
      showChosen();
      try {
        const ids = [];
        do {
          const page = await list('/api/conversations', { ...wish, limit: 100, cursor, signal });
          page.data.forEach((c) => { ids.push(c.id); names.set(c.id, nameOf(c)); });
          cursor = page.next_cursor ?? '';
          gathering = ids.length;
          showChosen();
        } while (cursor && ids.length < MOST_GATHERED && JSON.stringify(wish) === asked);
        if (JSON.stringify(wish) === asked) ids.forEach((id) => chosen.add(id));
      } catch (error) { complain(error, 'They were not all chosen. '); }
      gathering = null;
      showChosen();
    }, signal);
    on(root, 'click', '[data-enrich]', (_, button) => busy(button, async () => {
      const ids = [...chosen];
      chosen.clear();
      await work.start(ids);
      unsettled = true;
      showChosen();
      $('#running', root).scrollIntoView({ block: 'nearest' });
    }), signal);

    let failed = [];
    async function showReasons() {
      const box = $('#why-list', root);
      paint(box, skeleton(3));
      try {
        const rows = [];
        let cursor = '';
        do {
          const page = await list('/api/conversations', { ...wish, enrichment_status: 'failed', limit: 100, cursor, signal });
          rows.push(...page.data);
          cursor = page.next_cursor ?? '';
        } while (cursor && rows.length < MOST_REASONS);
        rows.forEach((c) => names.set(c.id, nameOf(c)));
        failed = rows.map((c) => ({ conversationId: c.id, error: c.error_message, error_category: c.error_category }));
        paint(box, html`${failures(failed, { name: (id) => names.get(id), mayRetry: mayRun })}${cursor && html`<p class="small">These are the newest ${count(rows.length)} of ${count(counts.failed)}.</p>`}`);
      } catch (error) { if (!signal.aborted) paint(box, failure(error, 'the reasons')); }
    }
    root.addEventListener('toggle', (event) => { if (event.target.id === 'why') { if (event.target.open) showReasons(); else showFigures(); } }, { capture: true, signal });
    on($('#why-box', root), 'click', '[data-retry]', showReasons, signal);
    on($('#why-box', root), 'click', '[data-retry-category]', (_, button) => {
      const group = byCategory(failed).find((one) => one.category === button.dataset.retryCategory);
      if (!group) return;
      $('#why', root).open = false;
      work.start(group.ids);
      $('#running', root).scrollIntoView({ block: 'nearest' });
      paint($('#why-box', root), '');
      unsettled = true;
    }, signal);

    if (can('conversations.write')) bind([{ keys: ['n'], label: 'Import conversations', run: () => go('/conversations/imports/new') }], signal);
    if (mayRun) bind([{ keys: ['e'], label: 'Enrich selected', off: () => chosen.size === 0, run: () => $('#enrich-selected', root)?.click() }], signal);
    showFilters();
    await Promise.all([found.refresh(), runs.length > 0 && work.watch(runs)]);
  },
};

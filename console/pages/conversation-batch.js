// One batch: how many are made, each of them, and one press to enrich them all.

import { $, html, on, paint } from '../lib/dom.js';
import { api } from '../lib/api.js';
import { poll } from '../lib/poll.js';
import { busy, complain, failure, skeleton } from '../lib/ui.js';
import { items, itemsHead, progress, top } from './conversations/batch-views.js';
import { enrichment } from './conversations/enrichment.js';
import { dressed } from './conversations/tabs.js';

const STEP = 50;

export default {
  title: () => 'Batch',
  async mount(root, { params, query, signal, can }) {
    const at = `/api/conversations/batch/${encodeURIComponent(params.id)}`;
    let [batch] = await Promise.all([api(at, { signal }), dressed()]);
    let seen = new Date().toISOString();
    let found = [];
    let status = '';
    let drawn = STEP;
    let looks = 0;
    const mayRun = can('enrichment.run');
    paint(root, html`<div id="top"></div><p class="sr" role="status" id="spoken"></p><div id="enriching"></div><div id="progress"></div><section class="section">${itemsHead(status)}<div id="items"><div class="panel">${skeleton(4)}</div></div></section>`);

    const work = enrichment($('#enriching', root), {
      signal, mayRetry: mayRun, name: (id) => found.find((one) => one.conversation_id === id)?.topic ?? id.slice(0, 8),
      changed: ({ runs }) => {
        history.replaceState(null, '', `#/conversations/batches/${params.id}${runs.length > 0 ? `?runs=${runs.join(',')}` : ''}`);
        show();
      },
    });
    function show(since) {
      if (signal.aborted) return;
      paint($('#top', root), top(batch, { mayRun, enriching: work.going() }));
      paint($('#progress', root), progress(batch, since));
    }
    const showItems = () => paint($('#items', root), items(found.filter((one) => !status || one.status === status), drawn));
    async function load() {
      try {
        found = (await api(`${at}/items`, { signal })).data;
        showItems();
      } catch (error) { if (!signal.aborted) paint($('#items', root), html`<div class="panel">${failure(error, 'the items')}</div>`); }
    }
    const known = () => (query.get('runs') ?? batch.enrich_run_id ?? '').split(',').filter(Boolean);

    on(root, 'click', '[data-enrich-all]', (_, button) => busy(button, async () => {
      try {
        await work.begin(`${at}/enrich`);
      } catch (error) { complain(error, 'Nothing was started. '); }
    }), signal);
    on(root, 'change', '#item-status', (_, el) => { status = el.value; drawn = STEP; showItems(); }, signal);
    on($('#items', root), 'click', '[data-more]', () => { drawn = Math.min(200, drawn + STEP); showItems(); }, signal);
    on($('#items', root), 'click', '[data-retry]', load, signal);

    show();
    await load();
    if (known().length > 0) await work.watch(known());
    if (batch.status !== 'running') return;
    poll(async () => {
      const before = batch;
      try {
        batch = await api(at, { signal });
        seen = new Date().toISOString();
      } catch (error) { show(seen); throw error; }
      const moved = before.completed + before.failed !== batch.completed + batch.failed;
      show();
      if (moved || batch.status !== 'running') await load();
      if (batch.status === 'running') return moved ? 'changed' : 'same';
      if (batch.auto_enrich && batch.completed > 0 && !batch.enrich_run_id && looks < 20) { looks += 1; return 'same'; } // its run comes a moment later
      paint($('#spoken', root), 'The batch is made.');
      if (batch.auto_enrich && batch.enrich_run_id) await work.watch([batch.enrich_run_id]);
      return 'done';
    }, { every: 2_000, slowest: 10_000, signal });
  },
};

// One conversation: raw and enriched side by side, why it failed, another try, both documents.

import { $, $$, html, on, paint } from '../lib/dom.js';
import { api } from '../lib/api.js';
import { fetchFrom } from '../lib/download.js';
import { count, time } from '../lib/format.js';
import { icon } from '../lib/icons.js';
import { bind } from '../lib/keys.js';
import { poll } from '../lib/poll.js';
import { ask, badge, busy, complain, failure, head, note, skeleton, toast } from '../lib/ui.js';
import { align, changed } from './conversations/align.js';
import { dressed } from './conversations/tabs.js';
import { legend, overall, provenance, report, tooLarge, turns } from './conversations/viewer.js';
import { CATEGORIES, categoryName, nameOf, sourceName, STATUSES, STEPS, UNDER_WAY } from './conversations/words.js';

const STEP = 200;
const SIDES = [['both', 'Both'], ['raw', 'Raw'], ['rich', 'Enriched']];

function lead(c) {
  const parts = [sourceName(c.source), c.channel, c.title && c.customer, html`<span class="mono">${c.external_id}</span>`, c.started_at && time(c.started_at), c.message_count !== null && html`${count(c.message_count)} messages`];
  return html`${parts.filter(Boolean).map((part, i) => html`${i > 0 && ' · '}${part}`)}${c.import_id && html` · <a href="#/conversations/imports/${c.import_id}">its import</a>`}`;
}

function actions(c, run, can) {
  const idle = !run && !c.leased && (c.enrichment_status !== 'completed' || c.stale);
  const again = idle && (c.enrichment_status === 'failed' ? 'Try again' : c.stale ? 'Enrich again' : 'Enrich');
  return html`${can('enrichment.run') && c.has_raw && again && html`<button class="btn btn--primary" type="button" id="enrich" data-enrich>${c.enrichment_status === 'failed' && icon('retry')}${again}</button>`}
    ${c.has_raw && html`<button class="btn" type="button" id="get-raw" data-get="raw">${icon('download')}Raw</button>`}${c.has_enriched && html`<button class="btn" type="button" id="get-enriched" data-get="enriched">${icon('download')}Enriched</button>`}
    ${can('conversations.write') && html`<button class="btn btn--danger" type="button" id="remove" data-remove ${(run || c.leased) && 'disabled'} ${(run || c.leased) && html`title="A run works on it now"`}>Remove</button>`}`;
}

function standing(c, run) {
  if (run || c.leased) return note('info', html`<span>A run works on it now. This page follows.</span>`);
  if (c.enrichment_status === 'failed') {
    const known = CATEGORIES[c.error_category];
    return note('bad', html`<strong>${STEPS[c.failed_step] ?? 'Enrichment'} failed: ${categoryName(c.error_category).toLowerCase()}</strong><span>${c.error_message}</span>${known && html`<span class="small">${known[1]}</span>`}`);
  }
  if (UNDER_WAY.includes(c.enrichment_status)) return note('info', html`<span>A run stopped here. Enrich it to go on from its last good step.</span>`);
  if (c.stale) return note('warn', html`<strong>The source has changed since it was enriched</strong><span>What stands beside the raw words is of an older version.</span>`);
  if (!c.has_raw) return note('', html`<span>Only its place is known; nobody has stored its messages yet. Import it from where it lives.</span>`);
  return '';
}

export default {
  title: () => 'Conversation',
  async mount(root, { params, signal, can, go }) {
    const at = `/api/conversations/${encodeURIComponent(params.id)}`;
    const [first] = await Promise.all([api(at, { signal }), dressed()]);
    let c = first;
    let raw = null;
    let rich = null;
    let findings = [];
    let drawn = STEP;
    let only = false;
    let side = 'both';
    let run = ''; // asked for here, and not over yet
    root.classList.add('page--wide');
    paint(root, html`<div id="top"></div><p class="sr" role="status" id="spoken"></p><div id="state"></div><div class="audit"><div class="audit__side" id="side"></div><div class="audit__main" id="main-part"><div id="tools"></div><div id="turns">${skeleton(5)}</div></div></div>`);

    const top = () => {
      document.title = `${nameOf(c)} · sidedesk`;
      paint($('#top', root), head({ crumbs: [['Conversations', '#/conversations']], title: nameOf(c), extra: badge(c.enrichment_status), lead: lead(c), actions: actions(c, run, can) }));
      paint($('#state', root), standing(c, run));
    };
    const inline = (document) => document && document.url === undefined; // else only its address came
    const pairs = () => align(inline(raw) ? raw.turns : null, inline(rich) ? rich.turns : null);
    const show = () => {
      const both = inline(raw) && inline(rich);
      const all = inline(raw) || inline(rich) ? pairs() : [];
      paint($('#tools', root), all.length === 0 ? '' : html`<div class="toolbar">${both && html`<div class="seg" role="group" aria-label="Show">${SIDES.map(([id, name]) => html`<button type="button" id="side-${id}" data-side="${id}" aria-pressed="${String(side === id)}">${name}</button>`)}</div>
        <label class="check check--inline"><input type="checkbox" id="only" ${only && 'checked'}><span>Only changed turns (${count(all.filter(changed).length)} of ${count(all.length)})</span></label>`}</div>${both && side !== 'raw' && legend}`);
      paint($('#turns', root), html`${raw && !inline(raw) && tooLarge('raw', c.raw_bytes)}${rich && !inline(rich) && tooLarge('enriched')}
        ${all.length > 0 && turns(all, { drawn, only, side: both ? side : inline(raw) ? 'raw' : 'rich', findings })}`);
      $('#turns', root).dataset.side = both ? side : inline(raw) ? 'raw' : 'rich';
      paint($('#side', root), html`${inline(rich) && html`${overall(rich)}${provenance(rich)}`}${report(findings, 'What validation found')}`);
    };

    const missing = (error) => { if (error.status === 404) return null; throw error; };
    async function load() {
      try {
        [raw, rich, findings] = await Promise.all([
          c.has_raw ? api(`${at}/raw`, { signal }).catch(missing) : null,
          c.has_enriched ? api(`${at}/enriched`, { signal }).catch(missing) : null,
          c.enrichment_status === 'failed' && c.error_category === 'invalid_raw' && can('enrichment.read') ? api(`${at}/findings`, { signal }).then((found) => found.findings).catch(() => []) : [],
        ]);
        if (inline(rich)) findings = rich.validation.findings;
        show();
      } catch (error) { if (!signal.aborted) paint($('#turns', root), html`<div class="panel">${failure(error, 'the documents')}</div>`); }
    }

    let following = false;
    const follow = () => {
      if (following) return;
      following = true;
      poll(async () => {
        const before = c;
        const over = run && (await api(`/api/conversations/bulk-enrich/${run}`, { signal })).status === 'completed';
        c = await api(at, { signal });
        if (over) run = '';
        top();
        const moved = before.enrichment_status !== c.enrichment_status;
        if (moved) paint($('#spoken', root), `${STATUSES.find(([s]) => s === c.enrichment_status)[1]}.`);
        if (run || c.leased) return moved ? 'changed' : 'same';
        following = false;
        await load();
        return 'done';
      }, { every: 1_500, slowest: 5_000, signal });
    };

    on(root, 'click', '[data-enrich]', (_, button) => busy(button, async () => {
      try {
        run = (await api(`${at}/enrich`, { method: 'POST', prefer: 'respond-async', signal })).run_id;
        top();
        follow();
      } catch (error) { complain(error, 'Nothing was started. '); }
    }), signal);
    on(root, 'click', '[data-get]', (_, button) => busy(button, async () => {
      try {
        const { url } = await api(`${at}/${button.dataset.get}?link=true`, { signal });
        fetchFrom(url);
      } catch (error) { complain(error, 'Nothing was downloaded. '); }
    }), signal);
    on(root, 'click', '[data-remove]', async () => {
      const done = await ask({
        title: 'Remove this conversation?', danger: true, confirm: 'Remove conversation', close: 'Keep it',
        body: html`<p>It goes with both its documents, and cannot be brought back. Where it came from, it stays as it is.</p>`,
        submit: () => api(at, { method: 'DELETE', signal }),
        onError: (_, error) => complain(error, 'Nothing was removed. '),
      });
      if (!done) return;
      toast('Conversation removed.');
      go('/conversations');
    }, signal);
    on(root, 'click', '[data-side]', (_, button) => { side = button.dataset.side; show(); }, signal);
    on(root, 'change', '#only', (_, box) => { only = box.checked; show(); }, signal);
    on(root, 'click', '[data-more-turns]', () => { drawn += STEP; show(); }, signal);
    on($('#turns', root), 'click', '[data-retry]', load, signal);

    /** From changed turn to changed turn; the one in sight is where it starts. */
    const step = (by) => {
      const all = $$('.pair.is-changed', root);
      const here = all.indexOf(document.activeElement?.closest?.('.pair'));
      const next = all[here < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, here + by))];
      next?.focus({ preventScroll: true });
      next?.scrollIntoView({ block: 'center' });
    };
    bind([{ keys: ['j'], label: 'Next changed turn', run: () => step(1) }, { keys: ['k'], label: 'Changed turn before', run: () => step(-1) }], signal);

    top();
    if (c.leased) follow();
    await load();
  },
};

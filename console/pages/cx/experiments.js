// Experiments: two or more prompts, by lot; what came of each, with how sure one can be.

import { $, $$, html, on, paint } from '../../lib/dom.js';
import { api, list } from '../../lib/api.js';
import { count, day, NONE, percent, plural, ratio, time } from '../../lib/format.js';
import { field, problems, showErrors, text } from '../../lib/forms.js';
import { icon } from '../../lib/icons.js';
import { lister } from '../../lib/lister.js';
import { ask, badge, complain, empty, more, toast } from '../../lib/ui.js';

const rate = (r) => (r.percent === null ? html`<span class="none">${NONE}</span>` : html`${percent(r.percent)}<span class="cell-sub">${r.low === null ? '' : `${percent(r.low)} to ${percent(r.high)}`}</span>`);
const edits = (e) => (e.mean === null ? html`<span class="none">${NONE}</span>` : html`${percent(Math.round(e.mean * 1000) / 10)}<span class="cell-sub">${e.low === null ? plural(e.of, 'reply', 'replies') : `${percent(Math.round(e.low * 1000) / 10)} to ${percent(Math.round(e.high * 1000) / 10)}`}</span>`);
const grades = (o) => (o.graded === 0 ? html`<span class="none">${NONE}</span>` : html`${ratio(o.tone)} · ${ratio(o.accuracy)} · ${ratio(o.policy)}`);

const outcome = (o, winner) => html`<tr><th scope="row">${o.variant}${o.variant === winner && html` ${badge('active', 'Chosen')}`}<span class="cell-sub">Prompt ${o.prompt_version}, ${count(o.share * 100)}% of conversations</span></th>
  <td class="r">${count(o.drafts)}<span class="cell-sub">${count(o.sent)} sent</span></td><td class="r">${rate(o.used_rate)}</td><td class="r not-phone">${rate(o.approval_rate)}</td><td class="r not-phone">${edits(o.edit_ratio)}</td><td class="r not-phone num">${grades(o)}</td></tr>`;
const one = (e, may) => html`<section class="panel experiment"><div class="panel__head"><div><h3>${e.name} ${e.running ? badge('running') : badge('cancelled', 'Stopped')}</h3><p class="small">Started by ${e.started_by}, ${time(e.started_at, day)}${e.stopped_at && html` · stopped by ${e.stopped_by}, ${time(e.stopped_at, day)}`}</p></div>${e.running && may && html`<button class="btn" type="button" id="stop-${e.id}" data-stop="${e.id}">Stop</button>`}</div>
  <div class="panel__body stack">${e.hypothesis && html`<p class="meta">Expected: ${e.hypothesis}</p>`}<p class="strong">${e.verdict}</p>
    <div class="table-wrap"><table><caption class="sr">Outcomes of ${e.name}</caption><thead><tr><th scope="col">Variant</th><th class="r" scope="col">Drafts</th><th class="r" scope="col">Used as it is</th><th class="r not-phone" scope="col">Approved</th><th class="r not-phone" scope="col">Changed</th><th class="r not-phone" scope="col">T · A · P</th></tr></thead><tbody>${e.outcomes.map((o) => outcome(o, e.winner))}</tbody></table></div></div></section>`;

const startButton = html`<button class="btn btn--primary" type="button" id="start" data-start>${icon('plus')}Start an experiment</button>`;
const none = (may) => html`<div class="panel">${empty({ glyphName: 'cx', title: 'No experiments yet', text: may ? 'Try two prompts against each other on real conversations. People decide about every reply, whichever prompt wrote it.' : 'An admin of your organisation can start one.', action: may && startButton })}</div>`;

// -- starting -----------------------------------------------------------------------

const NAMES = ['a', 'b', 'c', 'd', 'e'];
const variantRow = (i, versions, prompt, share) => html`<div class="variant" data-variant>
  ${field(`variants.${i}.name`, 'Variant', text(NAMES[i]))}${field(`variants.${i}.prompt_version`, 'Prompt', (a) => html`<select class="input" ${a}>${versions.map((v) => html`<option value="${v}" ${v === prompt && 'selected'}>Version ${v}</option>`)}</select>`)}${field(`variants.${i}.share`, 'Share, %', (a) => html`<input class="input num" type="number" min="1" max="99" step="1" value="${share}" ${a}>`)}</div>`;

function startForm(versions, signal) {
  const key = crypto.randomUUID();
  const pick = versions.slice(-2);
  return ask({
    title: 'Start an experiment', confirm: 'Start experiment', onError: showErrors,
    body: html`${field('name', 'Name', text('', { placeholder: 'Answer first' }))}${field('hypothesis', 'What do you expect?', (a) => html`<textarea class="input" rows="2" ${a}></textarea>`, 'Written down before, so that nobody finds it afterwards.')}
      <fieldset class="field stack"><legend class="label">Variants</legend>${[0, 1].map((i) => variantRow(i, versions, pick[i] ?? versions[0], 50))}</fieldset><p class="meta">Each conversation draws a variant once and keeps it. Shares add up to 100%.</p>${problems}`,
    submit: (data) => {
      const rows = $$('[data-variant]', $('dialog[open]')).map((_, i) => ({ name: data.get(`variants.${i}.name`).trim(), prompt_version: Number(data.get(`variants.${i}.prompt_version`)), share: Number(data.get(`variants.${i}.share`)) / 100 }));
      return api('/api/cx/experiments', { method: 'POST', key, signal, body: { name: data.get('name').trim(), hypothesis: data.get('hypothesis').trim(), variants: rows } });
    },
  });
}

const stopForm = (e, signal) => ask({
  title: `Stop ${e.name}?`, confirm: 'Stop experiment', danger: true, onError: showErrors,
  body: html`<p>From now on the newest prompt drafts everything. What was measured is kept.</p>${field('winner', 'Decide for', (a) => html`<select class="input" ${a}><option value="">No decision</option>${e.outcomes.map((o) => html`<option value="${o.variant}">${o.variant}, prompt ${o.prompt_version}</option>`)}</select>`)}${problems}`,
  submit: (data) => api(`/api/cx/experiments/${e.id}/stop`, { method: 'POST', signal, body: { winner: data.get('winner') || null } }),
});

export default {
  async mount(root, { signal, can }) {
    const may = can('cx.administer');
    let rows = [];
    let versions = [];
    paint(root, html`<div class="part-head"><p class="meta">Prompts against each other, by lot. One experiment runs at a time.</p><div id="may"></div></div><div id="experiments"></div>`);
    const experiments = lister($('#experiments', root), {
      fetch: async (wish) => { const page = await list('/api/cx/experiments', { ...wish, signal }); versions = page.prompt_versions; return page; },
      view: (found, cursor) => {
        rows = found;
        const running = found.some((e) => e.running);
        paint($('#may', root), !may ? html`<p class="small">An admin of your organisation can start one.</p>` : running ? html`<p class="small">Stop the running one before you start another.</p>` : versions.length < 2 ? html`<p class="small">There is one prompt only, so there is nothing to compare.</p>` : found.length > 0 ? startButton : '');
        return found.length === 0 ? none(may && versions.length > 1) : html`<div class="stack">${found.map((e) => one(e, may))}</div>${more(found.length, cursor)}`;
      },
      what: 'the experiments', signal,
    });
    on(root, 'click', '[data-start]', async () => { if (await startForm(versions, signal).catch(complain)) { toast('The experiment runs.'); experiments.refresh({ quiet: true }); } }, signal);
    on(root, 'click', '[data-stop]', async (_, button) => { if (await stopForm(rows.find((e) => e.id === button.dataset.stop), signal).catch(complain)) { toast('The experiment is stopped.'); experiments.refresh({ quiet: true }); } }, signal);
    await experiments.refresh();
  },
};

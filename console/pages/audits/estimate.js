// What a run will take and cost, before anybody presses Run.

import { html } from '../../lib/dom.js';
import { big, count, duration, money } from '../../lib/format.js';
import { bar, note } from '../../lib/ui.js';

const about = (value, show) => (value === null || value === undefined ? html`<span class="none">–</span>` : html`about ${show(value)}`);

function spending({ spent_usd: spent, cost_usd: cost, cap_usd: cap }) {
  const after = spent + (cost ?? 0);
  const words = html`${money(after)}${cap === null ? '' : html` of ${money(cap)}`} this month${cost === null ? '' : ', after this run'}`;
  if (cap === null || cap === 0) return html`<p class="small">${words}</p>`;
  return html`<div class="spend">${bar([['idle', (spent / cap) * 100], [after > cap ? 'bad' : 'done', ((cost ?? 0) / cap) * 100]], `${money(after)} of ${money(cap)} this month`)}<span class="small">${words}</span></div>`;
}

/** `basics` is what the form knows by itself: people and days. */
const ledger = (basics, e) => html`<dl class="ledger">
  <div><dt>People</dt><dd>${count(e?.agents ?? basics.people)}</dd></div>
  <div><dt>Days</dt><dd>${count(e?.days ?? basics.days)}</dd></div>
  ${e && html`
  <div><dt>Chats<small>${e.conversations_basis}</small></dt><dd>${about(e.conversations, count)}</dd></div>
  <div><dt>Start-up<small>one person after the other</small></dt><dd>${duration(e.trigger_seconds)}</dd></div>
  <div><dt>Tokens${e.tokens_basis && e.tokens !== null && html`<small>${e.tokens_basis}</small>`}</dt><dd>${about(e.tokens, big)}</dd></div>
  <div class="total"><dt>Cost${e.cost_high_usd !== null && html`<small>at most ${money(e.cost_high_usd)}</small>`}</dt><dd>${about(e.cost_usd, money)}</dd></div>`}</dl>`;

/** state: {kind: 'idle' | 'loading' | 'ready' | 'none' | 'error', value?, error?} */
export function estimateView(state, basics) {
  const known = state.value;
  if (state.kind === 'idle') return ledger(basics, null);
  if (state.kind === 'none') return html`${ledger(basics, null)}<p class="small">No estimate. Money is still reserved before each chat, and the run pauses at its limit.</p>`;
  if (state.kind === 'error') {
    return html`${ledger(basics, null)}${note('', html`<strong>No estimate</strong><span>${state.error.message}</span>${state.error.retryable && html`<div class="row"><button class="btn btn--small" type="button" data-estimate>Try again</button></div>`}`)}`;
  }
  if (!known) return html`${ledger(basics, null)}<div aria-busy="true"><span class="sr">Estimating</span><span class="skel w9"></span><span class="skel w7"></span><span class="skel w9"></span></div>`;
  return html`<div class="stack ${state.kind === 'loading' && 'dim'}">${ledger(basics, known)}${spending(known)}${known.refusals.map((text) => note('warn', html`<span>${text}</span>`))}</div>`;
}

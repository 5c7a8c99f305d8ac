// Shared views: small functions from data to markup. No state, no fetching.

import { $, html, on, paint } from './dom.js';
import { humanise } from './format.js';
import { glyph, icon } from './icons.js';

const STATUS = {
  queued: ['Queued', '', 'queued'], running: ['Running', 'info', 'running'], completed: ['Completed', 'good', 'done'],
  failed: ['Failed', 'bad', 'failed'], cancelled: ['Cancelled', '', 'stopped'], paused: ['Paused at cap', 'warn', 'paused'],
  skipped: ['Skipped', '', 'stopped'], pending: ['Waiting', '', 'queued'], processing: ['Running', 'info', 'running'],
  passed: ['Passed', 'good', 'done'], held: ['Held', 'warn', 'paused'], unsupported: ['Unsupported', 'warn', 'unknown'], unverified: ['Unverified', '', 'unknown'],
  disputed: ['Disputed', 'info', 'flag'], low: ['Low risk', '', 'done'], medium: ['Medium risk', 'warn', 'up'], high: ['High risk', 'bad', 'up'],
  working: ['Working', 'good', 'done'], broken: ['Not working', 'bad', 'failed'], untested: ['Not tested', '', 'unknown'],
  active: ['Active', 'good', 'done'], expired: ['Expired', 'warn', 'stopped'], revoked: ['Revoked', '', 'stopped'],
  open: ['Dispute open', 'info', 'flag'], accepted: ['Dispute accepted', 'good', 'done'], rejected: ['Dispute rejected', '', 'stopped'],
  sending: ['Sending', 'info', 'running'], sent: ['Sent', 'good', 'done'], superseded: ['Superseded', '', 'stopped'], regenerated: ['Replaced', '', 'stopped'],
  answered_manually: ['Answered by hand', '', 'done'], closed: ['Closed', '', 'stopped'],
  not_started: ['Not started', '', 'queued'], validating: ['Validating', 'info', 'running'], validated: ['Validated', 'info', 'running'],
  enrichment_in_progress: ['Enriching', 'info', 'running'], normalizing: ['Normalising', 'info', 'running'],
  invited: ['Invited', 'info', 'queued'], suspended: ['Suspended', 'warn', 'paused'],
};
/** A run at its cap is still `running` for the API; people read "Paused at cap". */
export const stateOf = (job) => (job.paused_reason ? 'paused' : job.status);

export const LIVE = ['queued', 'running'];
/** The colour of a run's bar. */
export const toneOf = (job) => ({ completed: 'good', paused: 'warn', cancelled: 'idle', failed: 'bad' }[stateOf(job)] ?? 'done');

export function badge(status, label) {
  const [name, tone, shape] = STATUS[status] ?? [humanise(String(status)), '', 'unknown'];
  return html`<span class="badge ${tone && `badge--${tone}`}">${glyph(shape)}${label ?? name}</span>`;
}

/** One bar, several lengths. Widths are SVG attributes, so no inline style is needed. */
export function bar(parts, label, thin) {
  let x = 0;
  return html`<svg class="bar ${thin && 'bar--thin'}" role="img" aria-label="${label}">${parts.map(([kind, share]) => {
    const piece = html`<rect class="is-${kind}" x="${x}%" y="0" width="${Math.max(0, Math.min(100 - x, share))}%" height="100%"/>`;
    x += share;
    return piece;
  })}</svg>`;
}

/** Confidence: the number, a word and five cells. */
export function confidence(value) {
  const cells = Math.round(value * 5);
  const tone = value >= 0.75 ? '' : value >= 0.6 ? 'meter--warn' : 'meter--bad';
  const word = value >= 0.75 ? 'high' : value >= 0.6 ? 'fair' : 'low';
  return html`<span class="num">${value.toFixed(2)}</span> <span class="meter ${tone}" aria-hidden="true">${[1, 2, 3, 4, 5].map((n) => html`<i class="${n <= cells && 'on'}"></i>`)}</span> <span class="meta">${word}</span>`;
}

export const head = ({ crumbs = [], title, lead, extra, actions }) => html`
  <header class="page-head">
    <div class="page-head__main">
      ${crumbs.length > 0 && html`<div class="crumbs">${crumbs.map(([text, href]) => html`<a href="${href}">${text}</a>${icon('right', 12)}`)}</div>`}
      <h1 tabindex="-1">${title}${extra}</h1>
      ${lead && html`<p>${lead}</p>`}
    </div>
    ${actions && html`<div class="page-head__actions">${actions}</div>`}
  </header>`;

export const skeleton = (rows = 4) => html`<div class="state" role="status" aria-busy="true"><span class="sr">Loading</span>${Array.from({ length: rows }, (_, i) => html`<span class="skel w${[9, 7, 5, 7][i % 4]}"></span>`)}</div>`;

export const empty = ({ glyphName = 'info', title, text, action }) => html`
  <div class="state">${icon(glyphName, 20)}<p class="state__title">${title}</p><p>${text}</p>${action && html`<div class="row">${action}</div>`}</div>`;

/** Every failure: what happened, what it means, a way on. 403 and 404 are not offered a retry. */
export function failure(error, what = 'this page') {
  if (error.status === 403) {
    return html`<div class="state" role="alert">${icon('lock', 20)}<p class="state__title">You do not have access to ${what}</p><p>${error.message}</p><p class="meta">An admin of your organisation can change your role.</p></div>`;
  }
  const gone = error.status === 404;
  return html`<div class="state state--bad" role="alert">${icon('alert', 20)}<p class="state__title">${gone ? 'Nothing is here' : `Could not load ${what}`}</p><p>${error.message}</p>
    ${!gone && html`<div class="row"><button class="btn" type="button" data-retry>${icon('retry')}Try again</button></div>`}
    ${error.requestId && html`<p class="small">If it goes on, give support this number: <span class="mono">${error.requestId}</span></p>`}</div>`;
}

const MOST_DRAWN = 200;
/** The way to the next page of a list; nothing under a list that is all there. */
export function more(shown, cursor) {
  if (!cursor && shown <= 25) return '';
  if (cursor && shown >= MOST_DRAWN) return html`<div class="table-foot"><span>Showing the first ${shown}. Narrow the list to see the others.</span></div>`;
  return html`<div class="table-foot"><span>Showing ${shown}</span>${cursor && html`<button class="btn btn--small" type="button" id="more" data-more>Show more</button>`}</div>`;
}

export const note = (tone, body, name = tone === 'bad' || tone === 'warn' ? 'alert' : 'info') => html`
  <div class="note ${tone && `note--${tone}`}">${icon(name)}<div class="note__body">${body}</div></div>`;

export function toast(text, { tone = 'check' } = {}) {
  const el = document.createElement('div');
  el.className = 'toast';
  paint(el, html`${icon(tone)}<span>${text}</span>`);
  $('#toasts').append(el);
  setTimeout(() => el.remove(), 5_000);
}

/** Something a person asked for did not work. Having left the page is no reason to complain. */
export function complain(error, before = '') {
  if (error.name !== 'AbortError') toast(`${before}${error.message}`, { tone: 'alert' });
}

/**
 * A modal with a form. Resolves to what `submit(FormData)` gave, or null when it was closed.
 * When `submit` throws, the dialog stays open and `onError(form, error)` shows why.
 */
export function ask({ title, body, confirm, danger, close = confirm ? 'Back' : 'Close', submit = (data) => data, onError }) {
  const dialog = document.createElement('dialog');
  dialog.setAttribute('aria-labelledby', 'dialog-title');
  paint(dialog, html`<form method="dialog" novalidate>
    <div class="dialog__head"><h2 id="dialog-title">${title}</h2><button class="btn btn--icon btn--quiet" type="button" data-close aria-label="Close">${icon('cross')}</button></div>
    <div class="dialog__body">${body}</div>
    <div class="dialog__foot"><button class="btn" type="button" data-close>${close}</button>${confirm && html`<button class="btn ${danger ? 'btn--danger' : 'btn--primary'}" data-confirm>${confirm}</button>`}</div></form>`);
  document.body.append(dialog);
  const form = $('form', dialog);
  let result = null;
  on(dialog, 'click', '[data-close]', () => dialog.close());
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (!confirm) return;
    const data = new FormData(form);
    await busy($('[data-confirm]', dialog), async () => {
      try {
        result = await submit(data) ?? true;
        dialog.close();
      } catch (error) {
        if (!onError) throw error;
        onError(form, error);
      }
    });
  });
  // A press beside the dialog closes it, unless something was typed into it.
  let typed = false;
  form.addEventListener('input', () => { typed = true; });
  dialog.addEventListener('click', (event) => { if (event.target === dialog && !typed) dialog.close(); });
  dialog.showModal();
  ($('.dialog__body :is(input, select, textarea):not(:disabled)', dialog) ?? $('.dialog__foot button', dialog)).focus();
  return new Promise((done) => dialog.addEventListener('close', () => { done(result); dialog.remove(); }, { once: true }));
}

/** Busy buttons keep their width and refuse a second press. */
export async function busy(button, work) {
  if (button.getAttribute('aria-busy') === 'true') return undefined;
  button.setAttribute('aria-busy', 'true');
  try { return await work(); } finally { button.removeAttribute('aria-busy'); }
}

// The style guide: every token and component with its states, made of the real parts.

import { html, on, paint } from '../lib/dom.js';
import { ApiError } from '../lib/api.js';
import { icon } from '../lib/icons.js';
import { diffWords } from '../lib/text.js';
import { barChart, draw, lineChart } from '../lib/charts.js';
import { ask, badge, bar, confidence, empty, failure, head, note, skeleton, toast } from '../lib/ui.js';
import { grader, GRADES } from '../lib/grader.js';
import { check, field, number, select, text } from '../lib/forms.js';

const INKS = [['ink', 'surface'], ['ink-2', 'surface'], ['ink-3', 'surface'], ['ink-3', 'paper'], ['accent', 'surface'], ['good', 'good-tint'], ['warn', 'warn-tint'], ['bad', 'bad-tint'], ['ink', 'mark'], ['ink', 'mark-bad'], ['ink-on-fill', 'accent'], ['line-control', 'surface']];

const rgb = (name) => {
  const root = document.documentElement;
  root.style.outlineColor = `var(--${name})`; // let the browser resolve light-dark() for us
  const seen = getComputedStyle(root).outlineColor.match(/[\d.]+/g).map(Number);
  root.style.outlineColor = '';
  return seen.slice(0, 3);
};
const light = (c) => c.map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)).reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
const contrast = (a, b) => { const [x, y] = [light(rgb(a)), light(rgb(b))].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); };

const swatches = () => html`${INKS.map(([ink, on_]) => {
  const value = contrast(ink, on_);
  const enough = ink === 'line-control' ? 3 : 4.5;
  return html`<div class="swatch"><svg viewBox="0 0 136 40" preserveAspectRatio="none" aria-hidden="true"><rect width="136" height="40" fill="var(--${on_})"/><rect x="12" y="12" width="60" height="16" rx="2" fill="var(--${ink})"/></svg><b>${ink} on ${on_}</b><span class="${value >= enough ? 'small' : 'bad-text'}">${value.toFixed(1)} : 1</span></div>`;
})}`;

const section = (id, title, lead, body) => html`<section class="section" id="s-${id}"><div class="section__head"><h2>${title}</h2><p>${lead}</p></div>${body}</section>`;
const demo = (label, body) => html`<div class="demo"><dt>${label}</dt><dd>${body}</dd></div>`;
const SECTIONS = [['colour', 'Colour'], ['type', 'Type'], ['controls', 'Controls'], ['status', 'Status'], ['grading', 'Grading and text'], ['tables', 'Tables'], ['states', 'States'], ['charts', 'Charts'], ['keys', 'Keyboard']];

const long = 'Wolfeschlegelsteinhausenbergerdorff, Isabella Konstantinopoulou-Fitzgerald';

export default {
  title: () => 'Style guide',
  mount(root, { signal }) {
    const grades = { tone: null, accuracy: 4, policy: null };
    const before = 'You will have the money tomorrow. If not, send us your card number.';
    const after = 'You will have the money within 3 to 5 working days. If not, reply here and we will trace it.';
    const graders = () => html`<div class="graders">${GRADES.map((g) => grader(g, grades[g[0]], g[0] === 'tone'))}</div>`;
    paint(root, html`
      ${head({ title: 'Style guide', lead: 'Every part of the console in every state. Build pages out of these; add here first when one is missing.', actions: html`<button class="btn" type="button" data-theme-toggle>${icon('theme')}Switch theme</button>` })}
      <nav class="guide__nav" aria-label="On this page">${SECTIONS.map(([id, t]) => html`<button class="link-btn" type="button" data-jump="${id}">${t}</button>`)}</nav>

      ${section('colour', 'Colour', 'Measured live against WCAG: 4.5 for text, 3 for edges', html`<div class="swatches" id="swatches">${swatches()}</div>`)}

      ${section('type', 'Type', 'System faces, six sizes, tabular figures', html`<div class="scale">${[['2xl', '28', 'One figure: 7.5%'], ['xl', '20', 'Page title'], ['lg', '16', 'Section title'], ['md', '14', 'Body, transcripts and replies'], ['sm', '13', 'Tables, controls, hints: 1,234.50'], ['xs', '12', 'Labels, times, table heads']].map(([n, px, t]) => html`<p><span class="small">${n}, ${px} px</span><span class="ts-${n}">${t}</span></p>`)}</div>`)}

      ${section('controls', 'Controls', 'One primary action per view', html`<dl>
        ${demo('Buttons', html`<div class="row"><button class="btn btn--primary" type="button">Run audit</button><button class="btn" type="button">Retry</button><button class="btn btn--danger" type="button">Cancel run</button><button class="btn btn--quiet" type="button">Back to the AI draft</button><button class="btn btn--icon" type="button" aria-label="Refresh">${icon('retry')}</button></div>`)}
        ${demo('Button states', html`<div class="row"><button class="btn btn--primary" type="button" disabled>Disabled</button><button class="btn btn--primary" type="button" aria-busy="true">Sending now</button><button class="btn" type="button" aria-busy="true">Retry now</button><button class="btn btn--small" type="button">Small</button><button class="btn btn--primary" type="button">Approve<kbd>a</kbd></button></div>`)}
        ${demo('Fields', html`<div class="states">${field('guide_name', 'Name', text('', { placeholder: 'As people will see it' }), 'Up to 60 characters.')}
          <div class="field"><label for="f2">Last day</label><input class="input" id="f2" value="2026-10-01" aria-invalid="true" aria-describedby="f2e"><div class="field__error" id="f2e">${icon('alert', 14)}<span>Choose a day on or after the first.</span></div></div>
          ${field('guide_role', 'Role', select('viewer', [['viewer', 'Viewer']], { disabled: true }), 'Only an admin may change this.')}
          ${field('guide_cap', 'Cap, USD', number(25))}</div>`)}
        ${demo('Choices', html`<div class="row">${check('guide_check', 'Notify me', true, { hint: 'Here and by e-mail' })}</div>`)}
        ${demo('Switch of view', html`<div class="seg" role="group" aria-label="Example"><button type="button" aria-pressed="true">Reply</button><button type="button" aria-pressed="false">Changes</button></div>`)}
        ${demo('Dialog, toast', html`<div class="row"><button class="btn" type="button" data-dialog>Open a dialog</button><button class="btn" type="button" data-toast>Show a toast</button></div>`)}</dl>`)}

      ${section('status', 'Status', 'Shape, word and colour: never colour alone', html`<dl>
        ${demo('Runs', html`<div class="row">${['queued', 'running', 'paused', 'completed', 'failed', 'cancelled'].map((s) => badge(s))}</div>`)}
        ${demo('Audits', html`<div class="row">${['passed', 'failed', 'held', 'unsupported', 'disputed'].map((s) => badge(s))}</div>`)}
        ${demo('Connections', html`<div class="row">${['working', 'broken', 'untested'].map((s) => badge(s))}</div>`)}
        ${demo('Keys, members', html`<div class="row">${['active', 'expired', 'revoked', 'invited', 'suspended'].map((s) => badge(s))}</div>`)}
        ${demo('Risk', html`<div class="row">${['low', 'medium', 'high'].map((s) => badge(s))}</div>`)}
        ${demo('Confidence', html`<div class="row"><span>${confidence(0.93)}</span><span>${confidence(0.66)}</span><span>${confidence(0.41)}</span></div>`)}
        ${demo('Progress', html`<div class="stack">${bar([['done', 42], ['bad', 3]], '42% done, 3% failed')}${bar([['good', 100]], 'All done')}${bar([['done', 24]], '24% done', true)}</div>`)}
        ${demo('Notes', html`<div class="stack">${note('', html`<span>Money is reserved before each chat.</span>`)}${note('info', html`<strong>Dispute open</strong><span>An admin answers it.</span>`)}${note('warn', html`<strong>Paused at the spending cap</strong><span>612 of 940 chats are done and kept.</span>`)}${note('bad', html`<strong>The run was stopped</strong><span>Intercom refused the token (401). Nothing was spent.</span><div class="row"><button class="btn btn--small" type="button">Check the connection</button></div>`)}</div>`)}</dl>`)}

      ${section('grading', 'Grading and text', 'Shown at 3, but 3 is not a grade until it is touched', html`<dl>
        ${demo('Graders', html`<div id="graders">${graders()}</div>`)}
        ${demo('Quotes', html`<p class="turn__text"><mark class="quote">That is our mistake.</mark><button class="ref" type="button" aria-label="Criterion 3">3</button> <mark class="quote quote--lost">You should have read the page.</mark><button class="ref ref--lost" type="button" aria-label="Criterion 2">2</button> <mark class="quote quote--lost is-lit">I guarantee it.</mark><button class="ref ref--lost" type="button" aria-label="Criterion 4">4</button></p>`)}
        ${demo('Diff', html`<div class="diff">${diffWords(before, after).map((p) => (p.op === 'add' ? html`<ins>${p.text}</ins>` : p.op === 'del' ? html`<del>${p.text}</del>` : html`${p.text}`))}</div>`)}</dl>`)}

      ${section('tables', 'Tables', 'Words left, numbers right, one line per row', html`<div class="table-wrap"><table><caption class="sr">Example</caption><thead><tr><th scope="col">Person</th><th scope="col">State</th><th class="r" scope="col">Chats</th><th class="r not-phone" scope="col">Cost</th><th class="r not-phone" scope="col">Started</th></tr></thead><tbody>
        <tr class="is-link"><th scope="row"><a href="#/guide">Ana Petrović</a></th><td>${badge('completed')}</td><td class="r">46 of 46</td><td class="r not-phone">$0.96</td><td class="r not-phone">21 Nov, 09:02</td></tr>
        <tr><th scope="row">${long}<span class="cell-sub">Long names wrap; nothing is cut in a table</span></th><td>${badge('running')}</td><td class="r">1,208 of 12,400</td><td class="r not-phone">$25.20</td><td class="r not-phone">21 Nov, 09:04</td></tr>
        <tr><th scope="row">Jun Watanabe</th><td>${badge('queued')}</td><td class="r"><span class="none">–</span></td><td class="r not-phone"><span class="none">–</span></td><td class="r not-phone"><span class="none">–</span></td></tr></tbody></table></div>
        <div class="table-foot"><span>Showing 3 of 10</span><span class="row"><button class="btn btn--small" type="button" disabled>${icon('left', 14)}Back</button><button class="btn btn--small" type="button">Next 25${icon('right', 14)}</button></span></div>`)}

      ${section('states', 'States', 'Every region has these five', html`<div class="states">
        <div class="panel">${skeleton(4)}</div>
        <div class="panel">${empty({ title: 'No runs yet', text: 'Choose people and a range, then press Run audit.', action: html`<a class="btn" href="#/audits/new">New run</a>` })}</div>
        <div class="panel">${failure(new ApiError({ status: 503, code: 'upstream_down', message: 'Chatwoot does not answer. Your drafts are safe and wait.', requestId: 'req_5c0e1d' }), 'the queue')}</div>
        <div class="panel">${failure(new ApiError({ status: 403, code: 'forbidden', message: 'Your role is viewer. This page needs member or higher.' }), 'approvals')}</div>
        <div class="panel"><div class="state"><p class="state__title">${long}</p><p>Long text wraps at a readable measure. In one-line places it ends with an ellipsis and shows whole on the detail page.</p><p class="clip meta">${long}, ${long}</p></div></div></div>`)}

      ${section('charts', 'Charts', 'One message each; the target is a dashed line; numbers one press away', html`<div class="figs"><figure class="panel fig"><figcaption><h3>Line with target</h3></figcaption><div class="fig__plot" data-chart="line"></div></figure><figure class="panel fig"><figcaption><h3>Bars</h3></figcaption><div class="fig__plot" data-chart="bars"></div></figure></div>`)}

      ${section('keys', 'Keyboard', 'Press ? on any page for the keys that work there', html`<dl class="keys">${[['The list of keys', '?'], ['Next and previous', 'j', 'k'], ['Go to a page', 'g', 'then', 'u']].map(([t, ...k]) => html`<div><dt>${t}</dt><dd>${k.map((x) => html`<kbd>${x}</kbd>`)}</dd></div>`)}</dl>`)}`);

    on(root, 'click', '[data-jump]', (_, el) => document.getElementById(`s-${el.dataset.jump}`).scrollIntoView(), signal);
    on(root, 'click', '[data-toast]', () => toast('Sent to Maya Lindqvist.'), signal);
    on(root, 'click', '[data-dialog]', () => ask({ title: 'Cancel this run?', confirm: 'Cancel run', danger: true, body: html`<p>No further chat is started. The 150 finished chats are kept.</p>` }), signal);
    on(root, 'click', '.grader input', (_, el) => { grades[el.closest('[data-grader]').dataset.grader] = Number(el.value); paint(document.getElementById('graders'), graders()); }, signal);
    addEventListener('themechange', () => paint(document.getElementById('swatches'), swatches()), { signal });
    const values = [12, 14, 13, 17, 16, 19, 18, 22];
    const labels = ['1 Nov', '2', '3', '4', '5', '6', '7', '8 Nov'];
    draw(root, {
      line: lineChart({ values, labels, domain: [0, 24], ticks: [0, 12, 24], target: 15, targetLabel: 'target 15', label: 'Example, from 12 to 22' }),
      bars: barChart({ values, parts: values.map((v) => v - 3), labels, domain: [0, 24], ticks: [0, 12, 24], label: 'Example bars' }),
    }, signal);
  },
};

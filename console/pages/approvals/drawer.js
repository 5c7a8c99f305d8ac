// One reply under review. The frame is drawn once per draft; its regions repaint alone, so that cursor, scroll and selection stay.

import { html } from '../../lib/dom.js';
import { clock, percent, time } from '../../lib/format.js';
import { grader, GRADES } from '../../lib/grader.js';
import { icon } from '../../lib/icons.js';
import { diffWords } from '../../lib/text.js';
import { badge, confidence, note } from '../../lib/ui.js';
import { replyIn, share } from './memory.js';
import { channelName, safeUrl, slaOf, stateBadge } from './words.js';

const LIGHT = 0.2; // up to here an edit counts as light

export const frame = (detail, text) => html`<header class="drawer__head" id="d-head"></header>
  <div class="drawer__body"><section class="drawer__col talk" id="d-talk" aria-label="Conversation" tabindex="0"></section>
    <section class="drawer__col" id="d-work" aria-label="Reply" tabindex="0"><div class="drawer__alert" id="d-alert" role="alert"></div><div id="d-found"></div><div id="d-signals"></div>
      <div class="reply"><div class="row row--between" id="d-bar"></div><textarea class="input reply__text" id="reply" maxlength="20000" aria-label="Reply to ${detail.customer}" aria-describedby="edit-note">${text}</textarea><div class="reply__diff" id="d-diff" hidden></div><div class="row" id="d-tools"></div></div>
      <div id="d-proof"></div></section></div>
  <footer class="drawer__foot"><div class="graders" id="d-grades"></div><div class="decide"><p class="small" id="why" role="status"></p><div class="decide__row" id="d-do"></div></div></footer>`;

export const top = (detail, { at, of, back }) => html`<a class="btn btn--quiet drawer__back only-narrow" href="${back}">${icon('left')}Queue</a>
  <div class="drawer__who"><h2 tabindex="-1" class="clip">${detail.subject}</h2><p class="meta clip">${[detail.customer, channelName(detail.channel), detail.plan, detail.contact.email].filter(Boolean).join(' · ')}</p></div>
  <div class="drawer__nav">${safeUrl(detail.chatwoot_url) && html`<a class="btn btn--quiet not-phone" href="${detail.chatwoot_url}" target="_blank" rel="noopener noreferrer">Chatwoot${icon('out', 14)}</a>`}${of > 0 && html`<span class="small num not-phone">${at + 1} of ${of}</span>`}<button class="btn btn--icon btn--quiet" type="button" id="prev" data-move="-1" aria-label="Previous reply" ${at <= 0 && 'disabled'}>${icon('up')}</button><button class="btn btn--icon btn--quiet" type="button" id="next" data-move="1" aria-label="Next reply" ${at >= of - 1 && 'disabled'}>${icon('down')}</button></div>`;

export const signals = (detail, now) => html`<dl class="signals"><div><dt>Confidence</dt><dd>${confidence(detail.confidence)}</dd></div><div><dt>Risk</dt><dd>${badge(detail.risk)}</dd></div>
  ${detail.status === 'pending' ? html`<div><dt>Answer due</dt><dd>${slaOf(detail, now)}</dd></div>` : html`<div><dt>State</dt><dd>${stateBadge(detail.status)}</dd></div>`}
  ${detail.escalated_to && html`<div><dt>Escalated to</dt><dd>${detail.escalated_to}</dd></div>`}</dl>`;

// -- what a check found ------------------------------------------------------

const WHERE = { instructions_in_message: 'In the customer’s message' };
const SENTENCES = {
  instructions_in_message: 'It tries to give the AI instructions.',
  foreign_link: 'It links to a place that is not on your list of allowed hosts.',
  promise: 'It promises something nobody has decided.',
  prompt_text: 'It repeats the AI’s own instructions.',
  foreign_personal_data: 'It holds personal data that is not from this conversation.',
  unsupported_claim: 'It states something that no source says.',
};
const flagLine = (name, reason) => html`<li><b>${WHERE[name] ?? 'In the reply'}.</b> ${reason || SENTENCES[name] || name}</li>`;
export const flagList = (flags, validation) => html`<ul class="reasons">${flags.map((name) => flagLine(name, validation.find((c) => !c.ok && c.name === name)?.reason))}</ul>`;

export const found = (detail) => (detail.flags.length > 0 && detail.status === 'pending'
  ? note('bad', html`<strong>${detail.flags.length === 1 ? 'A check stopped this draft' : `${detail.flags.length} checks stopped this draft`}</strong>${flagList(detail.flags, detail.validation)}<span>Change the text, ask for a new draft, or approve it with your reason.</span>`, 'flag')
  : '');

// -- the reply ----------------------------------------------------------------

export function editNote(detail, work) {
  if (work.reply === null) return html`<span class="meta">Unchanged</span>`;
  const ratio = share(work, detail.draft);
  return html`<span class="num ${ratio > LIGHT ? 'warn-text' : 'meta'}">${percent(Math.round(ratio * 1000) / 10)} changed</span><span class="meta">, ${ratio > LIGHT ? 'a major edit' : 'a light edit'}</span>`;
}

const pressed = (yes) => html`aria-pressed="${yes ? 'true' : 'false'}"`;
export const replyBar = (detail, work, decided) => html`<div class="seg" role="group" aria-label="View of the reply"><button type="button" id="v-edit" data-view="edit" ${pressed(work.view === 'edit')}>${decided ? 'Text' : 'Reply'}</button><button type="button" id="v-diff" data-view="diff" ${pressed(work.view === 'diff')}>Changes</button></div><span class="reply__share" id="edit-note">${decided ? sentShare(detail) : editNote(detail, work)}</span>`;

const sentShare = ({ decision }) => (decision?.edit_ratio ? html`<span class="num meta">${percent(Math.round(decision.edit_ratio * 1000) / 10)} changed</span>` : html`<span class="meta">Unchanged</span>`);

export const changes = (before, after) => (before === after
  ? html`<p class="meta">No changes. This is the AI’s draft, word for word.</p>`
  : html`<div class="diff" role="group" aria-label="Changes against the AI draft">${diffWords(before, after).map((p) => (p.op === 'add' ? html`<ins>${p.text}</ins>` : p.op === 'del' ? html`<del>${p.text}</del>` : html`${p.text}`))}</div>`);

export const replyTools = (detail, work) => (detail.status !== 'pending' ? '' : html`<button class="btn btn--small" type="button" id="anew" data-regenerate>New draft<kbd aria-hidden="true">n</kbd></button><button class="btn btn--small" type="button" id="hand-on" data-escalate>Escalate<kbd aria-hidden="true">x</kbd></button>${work.reply !== null && html`<button class="btn btn--small btn--quiet" type="button" id="revert" data-revert>Back to the AI draft</button>`}`);

// -- standing and decision -----------------------------------------------------

/** Why it cannot go out yet, or that it can. */
export function standing(detail, work) {
  const open = GRADES.filter(([id]) => !work.grades[id]).map(([, label]) => label.toLowerCase());
  if (open.length > 0) return { graded: false, why: `Grade ${open.join(', ').replace(/, (\w+)$/, ' and $1')} first.` };
  if (!replyIn(work, detail.draft).trim()) return { graded: true, ready: false, why: 'The reply is empty.' };
  if (detail.flags.length > 0 && work.reply === null) return { graded: true, ready: true, why: 'Flagged. Approving asks for your reason.' };
  return { graded: true, ready: true, why: 'Ready. The reply goes to the customer at once.' };
}

/** On a narrow screen one grader is in sight, and these lead to the others. */
const step = ([id, label], work) => html`<button type="button" id="step-${id}" data-current="${id}" ${pressed(work.current === id)}>${label} <b class="num">${work.grades[id] ?? '–'}</b></button>`;
export const graders = (work) => html`<div class="seg steps" role="group" aria-label="Which grade">${GRADES.map((g) => step(g, work))}</div>${GRADES.map((g) => grader(g, work.grades[g[0]], work.current === g[0]))}`;

export const actions = ({ graded, ready }) => html`<button class="btn btn--danger" type="button" id="reject" data-reject ${!graded && 'disabled'} aria-describedby="why">Reject<kbd aria-hidden="true">r</kbd></button><button class="btn btn--primary" type="button" id="approve" data-approve ${!ready && 'disabled'} aria-describedby="why">Approve and send<kbd aria-hidden="true">a</kbd></button>`;

const SAID = {
  sending: (d) => html`Approved by ${d.decided_by}. It is being sent; “Sent” appears when Chatwoot has taken it.`,
  sent: (d) => html`Approved by ${d.decided_by}, sent ${time(d.sent_at)}.`,
  rejected: (d) => html`Rejected by ${d.decided_by}, ${time(d.decided_at)}. Nothing was sent.`,
  regenerated: () => html`A newer draft has taken its place. This one was not sent.`,
  superseded: () => html`The customer wrote again, and a newer draft answers that. This one was not sent.`,
  answered_manually: () => html`A colleague answered in Chatwoot. This draft was not sent.`,
  closed: () => html`The conversation was closed without an answer. This draft was not sent.`,
};
/** The foot of a draft that can no longer be decided. */
export const outcome = (detail) => html`<div class="outcome">${stateBadge(detail.status)}<p>${SAID[detail.status](detail)}</p>${detail.decision && html`<dl class="outcome__grades">${GRADES.map(([id, label]) => html`<div><dt>${label}</dt><dd class="num">${detail.decision[id]}</dd></div>`)}</dl>`}</div>`;

// -- what stands in the way ----------------------------------------------------

const kept = html`<span>What you wrote is kept.</span>`;
const anew = html`<button class="btn btn--small" type="button" id="alert-new" data-regenerate>Write a new draft</button>`;
const inChatwoot = (detail) => safeUrl(detail.chatwoot_url) && html`<a class="btn btn--small" href="${detail.chatwoot_url}" target="_blank" rel="noopener noreferrer">Answer in Chatwoot${icon('out', 12)}</a>`;

/** A refusal in the API's own words, what it means for this person's text, and a way on. */
export function refusal(error, detail, mayAdminister) {
  const [newest] = error.details ?? [];
  switch (error.code) {
    case 'customer_wrote_since':
      return note('warn', html`<strong>Nothing was sent</strong><span>${error.message}</span>${newest?.message && html`<blockquote class="said">${newest.message}</blockquote>`}${kept}<div class="row">${anew}</div>`);
    case 'ai_replies_disabled':
      return note('warn', html`<strong>Nothing was sent</strong><span>${error.message}</span>${kept}<div class="row">${inChatwoot(detail)}${mayAdminister && html`<a class="btn btn--small" href="#/cx">Open the switch</a>`}</div>`);
    case 'incomplete_approval':
      return note('warn', html`<strong>Nothing was sent</strong><span>${error.message}</span>${kept}<div class="row">${anew}</div>`);
    case 'already_decided': case 'answered_manually': case 'superseded': case 'closed': case 'four_eyes':
      return note('warn', html`<strong>${error.message}</strong>${kept}`);
    default:
      return note('bad', html`<strong>${error.message}</strong><span>${error.status === 0 || error.status >= 500 ? 'It is not known whether this arrived. Press again: the same decision is never carried out twice.' : 'Nothing was sent.'}</span>${kept}${error.requestId && html`<span class="small">Number for support: <span class="mono">${error.requestId}</span></span>`}`);
  }
}

/** Words of this person that belong to another draft of this conversation. */
export const leftOver = (text) => note('info', html`<strong>You had already written a reply</strong><details class="disclosure"><summary>${icon('right', 14)}Show it</summary><blockquote class="said">${text}</blockquote></details><div class="row"><button class="btn btn--small" type="button" id="take-mine" data-take>Use my text</button><button class="btn btn--small btn--quiet" type="button" id="leave-mine" data-leave>Discard it</button></div>`, 'info');

export const waitingForNew = (since) => note('info', html`<strong>A new draft is being written</strong><span>Asked for at ${clock(since)}. It opens here when it is ready; go on with another reply meanwhile.</span>`, 'info');
export const notSent = (detail) => note('bad', html`<strong>It was approved, but not sent</strong><span>${detail.send_problem}</span><span>Nothing reached the customer. Decide again, or answer in Chatwoot.</span>`);
export const someNew = note('warn', html`<strong>The customer has written since</strong><span>This draft does not answer the newest message; it cannot be sent. A new draft is on its way.</span>`);
export const newerIsHere = (id) => note('info', html`<strong>A newer draft is here</strong><div class="row"><button class="btn btn--small" type="button" id="to-newer" data-newer="${id}">Open the new draft</button></div>`, 'info');
export const unused = (text) => note('', html`<details class="disclosure"><summary>${icon('right', 14)}Your text, which was not used</summary><blockquote class="said">${text}</blockquote></details>`);

// The conversation beside the reply: what was said so far, and what is new.

import { html } from '../../lib/dom.js';
import { plural, time } from '../../lib/format.js';
import { icon } from '../../lib/icons.js';
import { segments } from '../../lib/text.js';
import { safeUrl } from './words.js';

const WHO = { incoming: 'Customer', outgoing: 'Agent', note: 'Private note' };
const LONG = 12; // messages; beyond that the older ones wait behind a press
const KEPT = 6;

/** The words a check objects to, marked where they stand. */
const marked = (text, suspects) => segments(text, suspects.map((words) => ({ text: words })))
  .map((part) => (part.quotes.length > 0 ? html`<mark class="quote quote--suspect">${part.text}</mark>` : html`${part.text}`));

const message = (m, isNew, suspects) => html`<li class="msg msg--${m.direction} ${isNew && 'is-new'}"><div class="msg__who"><b>${m.author || WHO[m.direction]}</b><span>${m.ours && m.direction === 'outgoing' ? 'Sent from here' : WHO[m.direction]}</span>${isNew && html`<span class="msg__new">New</span>`}${time(m.at)}</div>
  <p>${m.text ? (m.direction === 'incoming' ? marked(m.text, suspects) : m.text) : html`<span class="none">No text</span>`}</p>${m.attachments > 0 && html`<p class="small">${icon('copy', 12)}${plural(m.attachments, 'attachment')}, to be seen in Chatwoot</p>`}</li>`;

/** New is what the customer wrote after the last answer. */
function split(messages) {
  const shown = messages.filter((m) => !(m.ours && m.direction === 'note')); // our own note holds the draft itself
  const answered = shown.findLastIndex((m) => m.direction === 'outgoing');
  return shown.map((m, i) => ({ m, isNew: m.direction === 'incoming' && i > answered }));
}

export function talk(detail, suspects) {
  const all = split(detail.messages);
  const drawn = ({ m, isNew }) => message(m, isNew, suspects);
  const older = all.length > LONG ? all.slice(0, -KEPT) : [];
  const newer = all.slice(older.length);
  return html`${detail.summary && html`<div class="talk__sum"><b>So far</b><p>${detail.summary}</p></div>`}
    ${older.length > 0 && html`<details class="disclosure talk__older"><summary>${icon('right', 14)}${plural(older.length, 'earlier message')}</summary><ol class="msgs">${older.map(drawn)}</ol></details>`}
    ${all.length === 0 ? html`<p class="meta">The conversation is not stored here yet. ${safeUrl(detail.chatwoot_url) && 'Open it in Chatwoot.'}</p>` : html`<ol class="msgs">${newer.map(drawn)}</ol>`}`;
}

/** Quoted words in the reasons of failed checks: “like this”. */
export const suspectsOf = (detail) => detail.validation.filter((c) => !c.ok && c.group === 'injection').flatMap((c) => [...c.reason.matchAll(/[“"]([^”"]{4,})[”"]/g)].map((found) => found[1]));

// The queue: who waits, for how long, and what to look out for.

import { html } from '../../lib/dom.js';
import { moment, plural } from '../../lib/format.js';
import { glyph, icon } from '../../lib/icons.js';
import { empty, more, note } from '../../lib/ui.js';
import { CHANNEL_CHOICES, channelName, LIVE, priorityOf, RISK_CHOICES, slaOf, stateBadge } from './words.js';

const sign = (tone, name, text) => html`<span class="q__sign ${tone}">${name && glyph(name)}${text}</span>`;

function signs(item, edited) {
  return html`${item.status !== 'pending' && stateBadge(item.status)}${priorityOf(item)}
    ${item.risk !== 'low' && sign(item.risk === 'high' ? 'bad-text' : 'warn-text', 'up', `${item.risk === 'high' ? 'High' : 'Medium'} risk`)}
    ${item.flags.length > 0 && sign('bad-text', 'flag', plural(item.flags.length, 'flag'))}
    ${item.send_problem && sign('bad-text', 'failed', 'Not sent')}
    ${item.stale && sign('warn-text', 'queued', 'New message')}
    ${item.escalated_to && sign('', 'flag', 'Escalated')}
    ${edited && sign('', '', 'Edited')}`;
}

const row = (item, { open, edited, address, now }) => {
  const live = LIVE.includes(item.status);
  return html`<li><a class="q ${open && 'is-open'}" id="q-${item.id}" href="${address(item.id)}" ${open && html`aria-current="true"`}>
  <span class="q__top"><b class="clip">${item.customer}</b><span class="q__clock small">${live ? slaOf(item, now) : item.decided_at ? moment(item.decided_at) : ''}</span></span>
  <span class="q__subject clip">${item.subject}</span>
  <span class="q__meta small"><span class="q__from">${channelName(item.channel)}${item.plan && ` · ${item.plan}`}</span>${signs(item, edited)}</span></a></li>`;
};

const nothing = (filters) => {
  if (filters.q || filters.risk || filters.channel) return empty({ glyphName: 'search', title: 'Nothing fits', text: 'No reply fits this search and these filters.', action: html`<button class="btn" type="button" id="all" data-all>Show all</button>` });
  if (filters.status === 'decided') return empty({ glyphName: 'approvals', title: 'Nothing decided yet', text: 'Replies that people approved or rejected are kept here.' });
  return empty({ glyphName: 'check', title: 'The queue is empty', text: 'A draft appears here within a minute of a customer’s message. Past decisions are under Decided.', action: html`<a class="btn" href="#/cx">Open CX</a>` });
};

export const queueRows = ({ rows, cursor, filters, openId, edited, address, now }) => (rows.length === 0
  ? nothing(filters)
  : html`<ol>${rows.map((item) => row(item, { open: item.id === openId, edited: edited(item.id), address, now }))}</ol>${more(rows.length, cursor)}`);

export function queueCount(counts, filters, shown) {
  if (filters.status === 'decided') return html`${plural(shown, 'decision')} shown`;
  const { pending = 0, sending = 0 } = counts;
  return html`${plural(pending, 'waits', 'wait')}${sending > 0 && html` · ${sending} sending`}`;
}

const choice = (id, label, value, options) => html`<label class="sr" for="${id}">${label}</label><select class="input" id="${id}" data-filter="${id}">${options.map(([v, t]) => html`<option value="${v}" ${v === value && 'selected'}>${t}</option>`)}</select>`;

export const queueTools = (filters) => html`<div class="seg queue__seg" role="group" aria-label="Which replies">${[['waiting', 'Waiting'], ['decided', 'Decided']].map(([value, text]) => html`<button type="button" id="s-${value}" data-status="${value}" aria-pressed="${String(filters.status === value)}">${text}</button>`)}</div>
  <div class="search">${icon('search')}<label class="sr" for="q">Search</label><input class="input" id="q" type="search" value="${filters.q}" placeholder="Name, address or words" autocomplete="off"></div>
  <div class="queue__filters">${choice('risk', 'Risk', filters.risk, RISK_CHOICES)}${choice('channel', 'Channel', filters.channel, CHANNEL_CHOICES)}</div>`;

export const stale = (message, since) => note('warn', html`<strong>Could not refresh just now</strong><span>${message} The queue is as it was at ${since}.</span>`);

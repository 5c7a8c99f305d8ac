// How states, times and people are called on the desk.

import { html } from '../../lib/dom.js';
import { clock, duration } from '../../lib/format.js';
import { glyph } from '../../lib/icons.js';
import { badge } from '../../lib/ui.js';

export const LIVE = ['pending', 'sending'];

const STATES = {
  pending: 'Waiting', sending: 'Sending', sent: 'Sent', rejected: 'Rejected', regenerated: 'Replaced', superseded: 'Superseded',
  answered_manually: 'Answered by hand', closed: 'Closed',
};
export const stateBadge = (status) => badge(status, STATES[status]);

const CHANNELS = { email: 'E-mail', live_chat: 'Live chat', sms: 'SMS', other: 'Other' };
export const channelName = (channel) => CHANNELS[channel] ?? channel;
export const CHANNEL_CHOICES = [['', 'Any channel'], ...Object.entries(CHANNELS)];
export const RISK_CHOICES = [['', 'Any risk'], ['high', 'High risk'], ['medium', 'Medium risk'], ['low', 'Low risk']];

/** Time left to answer within the promise, or over it; without a promise, how long the customer has waited. */
export function slaOf(item, now = Date.now()) {
  if (!item.sla_due_at) return html`<span class="num">${duration((now - Date.parse(item.asked_at)) / 1000)} waiting</span>`;
  const left = (Date.parse(item.sla_due_at) - now) / 1000;
  const tone = left < 0 ? 'bad-text' : left < 300 ? 'warn-text' : '';
  return html`<span class="num ${tone}" title="Due ${clock(item.sla_due_at)}">${left < 0 ? `${duration(-left)} over` : `${duration(left)} left`}</span>`;
}

const PRIORITY = { urgent: ['Urgent', 'bad-text'], high: ['Soon', 'warn-text'] };
export function priorityOf(item) {
  const known = PRIORITY[item.priority];
  return known ? html`<span class="q__sign ${known[1]}">${glyph('up')}${known[0]}</span>` : '';
}

/** Only addresses a browser should open. */
export const safeUrl = (url) => (/^https?:\/\//i.test(url ?? '') ? url : '');

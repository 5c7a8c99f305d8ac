// Health: can Chatwoot be reached, and did any message get lost on the way.

import { $, html, on, paint } from '../../lib/dom.js';
import { api, list } from '../../lib/api.js';
import { duration, percent, plural, time } from '../../lib/format.js';
import { icon } from '../../lib/icons.js';
import { lister } from '../../lib/lister.js';
import { poll } from '../../lib/poll.js';
import { badge, busy, complain, empty, more, note, toast } from '../../lib/ui.js';

const EVERY_MS = 30_000;

const check = (c) => html`<tr><th scope="row">${c.name}<span class="cell-sub mono">${c.path}</span></th><td>${badge(c.ok ? 'working' : 'broken', c.ok ? 'Answers' : 'No')}</td><td class="r">${c.status ?? '–'}</td><td class="r not-phone">${c.latency_ms} ms</td><td class="not-phone">${c.note}</td></tr>`;
const checks = (probe) => html`<details class="disclosure"><summary>${icon('right', 14)}${plural(probe.checks.length, 'address', 'addresses')} asked</summary><div class="table-wrap"><table><caption class="sr">What was asked</caption><thead><tr><th scope="col">Address</th><th scope="col">Answer</th><th class="r" scope="col">Status</th><th class="r not-phone" scope="col">Time</th><th class="not-phone" scope="col">Note</th></tr></thead><tbody>${probe.checks.map(check)}</tbody></table></div></details>`;
const took = (sweep) => (sweep.finished_at ? `in ${duration((Date.parse(sweep.finished_at) - Date.parse(sweep.started_at)) / 1000)}` : 'still looking');

const connect = (c) => html`<div class="row row--between connect"><p class="meta">Chatwoot tells sidedesk of each message by its webhook. Connecting again is safe: the same address is one webhook.</p><button class="btn" type="button" id="connect-${c.integration_id}" data-connect="${c.integration_id}">Connect the webhook</button></div>`;

const one = (c, may) => html`<section class="panel health"><div class="panel__head"><div><h3>${c.name}</h3><p class="small mono">${c.base_url}</p></div>${c.probe ? badge(c.probe.ok ? 'working' : 'broken') : badge('untested', 'Not visited yet')}</div>
  <div class="panel__body stack">${c.probe ? html`<p>${c.probe.message}</p>` : html`<p class="meta">The first visit follows within five minutes.</p>`}
    <dl class="facts"><div class="fact"><dt>Last visit</dt><dd class="fact__text">${time(c.probe?.probed_at)}</dd></div><div class="fact"><dt>Reached, last 24 h</dt><dd class="fact__text">${percent(c.up_percent_24h)}<small>${plural(c.visits_24h, 'visit')}</small></dd></div>
      <div class="fact"><dt>Version</dt><dd class="fact__text">${c.probe?.version ?? '–'}</dd></div><div class="fact"><dt>Last look for lost messages</dt><dd class="fact__text">${time(c.sweep?.started_at)}${c.sweep && html`<small>${plural(c.sweep.conversations, 'conversation')}, ${plural(c.sweep.missed, 'message')} found, ${took(c.sweep)}</small>`}</dd></div></dl>
    ${c.sweep?.problem && note('bad', html`<strong>The last look did not finish</strong><span>${c.sweep.problem}</span>`)}${c.probe?.checks.length > 0 && checks(c.probe)}${may && connect(c)}</div></section>`;

const view = (h, mayConnect, mayAdminister) => (h.chatwoots.length === 0
  ? html`<div class="panel">${empty({ glyphName: 'cx', title: 'No Chatwoot is connected', text: mayConnect ? 'Connect it under Settings, then point its webhook at sidedesk.' : 'An admin of your organisation can connect it under Settings.', action: mayConnect && html`<a class="btn" href="#/settings/integrations">Open integrations</a>` })}</div>`
  : html`<p class="row health__sum">${badge(h.ok === null ? 'untested' : h.ok ? 'working' : 'broken', h.message)}</p><div class="stack">${h.chatwoots.map((c) => one(c, mayAdminister))}</div>`);

const lost = (m) => html`<tr><th scope="row">${m.author || 'Customer'}<span class="cell-sub">${m.text}</span></th><td>${m.answered ? badge('active', 'Answered') : badge('pending', 'Open')}</td><td class="r not-phone">${m.chatwoot_conversation}</td><td class="r not-phone">${time(m.written_at)}</td><td class="r not-phone">${time(m.received_at)}</td></tr>`;
const lostTable = (rows, cursor) => (rows.length === 0
  ? html`<div class="panel">${empty({ glyphName: 'check', title: 'No message was lost', text: 'Since the webhook was connected, Chatwoot has told of every message itself.' })}</div>`
  : html`<div class="table-wrap"><table><caption class="sr">Messages no webhook told of</caption><thead><tr><th scope="col">Message</th><th scope="col">State</th><th class="r not-phone" scope="col">Conversation</th><th class="r not-phone" scope="col">Written</th><th class="r not-phone" scope="col">Found</th></tr></thead><tbody>${rows.map(lost)}</tbody></table></div>${more(rows.length, cursor)}`);

export default {
  async mount(root, { signal, can }) {
    let health = await api('/api/cx/health', { signal });
    paint(root, html`<div id="health"></div><section class="section"><div class="section__head"><h2>Messages that no webhook told of</h2><p>Found by looking every five minutes, and drafted like any other</p></div><div id="missed"></div></section>`);
    const show = () => paint($('#health', root), view(health, can('integrations.write'), can('cx.administer')));
    const missed = lister($('#missed', root), { fetch: (wish) => list('/api/cx/missed', { ...wish, signal }), view: lostTable, what: 'the lost messages', signal });
    poll(async () => { health = await api('/api/cx/health', { signal }); show(); missed.refresh({ quiet: true }); return 'same'; }, { every: EVERY_MS, slowest: 2 * EVERY_MS, signal });
    on(root, 'click', '[data-connect]', (_, button) => busy(button, async () => {
      try {
        const { webhook_url: address } = await api('/api/cx/connect', { method: 'POST', signal, patience: 30_000, body: { integration_id: button.dataset.connect } });
        toast(`Connected. Chatwoot delivers to ${address}`);
      } catch (error) { complain(error); }
    }), signal);
    show();
    await missed.refresh();
  },
};

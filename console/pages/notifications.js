// Notifications: what happened while you were elsewhere. Read marks are shown before the server confirms them.

import { $, $$, html, on, paint } from '../lib/dom.js';
import { api, list } from '../lib/api.js';
import { time } from '../lib/format.js';
import { icon } from '../lib/icons.js';
import { bind } from '../lib/keys.js';
import { busy, complain, empty, failure, head, more, skeleton } from '../lib/ui.js';

/** Links come from data: only places inside this console are followed. */
function placeOf(link) {
  const at = (link ?? '').replace(/^\/console\/?(?=#)/, '');
  return /^#\/[\w/?=&%.-]*$/.test(at) ? at : '';
}

const row = (n) => {
  const to = placeOf(n.link);
  return html`<li class="notice ${!n.read_at && 'is-unread'}" data-id="${n.id}">
    <span class="notice__dot" aria-hidden="true"></span>
    <div class="notice__body"><h2>${to ? html`<a href="${to}" id="n-${n.id}" data-open>${n.title}</a>` : html`<span id="n-${n.id}" tabindex="-1">${n.title}</span>`}${!n.read_at && html`<span class="sr">, unread</span>`}</h2>${n.body && html`<p>${n.body}</p>`}</div>
    <span class="small notice__when">${time(n.created_at)}</span>
    ${n.read_at ? html`<span class="notice__do"></span>` : html`<button class="btn btn--small btn--quiet notice__do" type="button" data-read aria-label="Mark as read: ${n.title}">${icon('check', 14)}Read</button>`}</li>`;
};

const nothing = (unread) => (unread
  ? empty({ glyphName: 'check', title: 'Nothing unread', text: 'Everything here has been read. Older ones are under All.' })
  : empty({ glyphName: 'bell', title: 'No notifications yet', text: 'You hear here when a run you started is done, and when something needs you.' }));

export default {
  title: () => 'Notifications',
  async mount(root, { query, signal, refreshMe }) {
    let unread = query.get('show') === 'unread';
    let rows = [];
    let cursor = '';
    const load = async () => {
      const page = await list('/api/notifications', { unread: unread ? 'true' : '', signal });
      rows = page.data;
      cursor = page.next_cursor;
    };
    await load();
    paint(root, html`${head({ title: 'Notifications', actions: html`<div class="seg" role="group" aria-label="Which"><button type="button" id="show-all" data-show="all">All</button><button type="button" id="show-unread" data-show="unread">Unread</button></div><button class="btn" type="button" id="read-all" data-read-all>Mark all as read</button>` })}<div id="notices"></div>`);

    const show = () => {
      $$('[data-show]', root).forEach((b) => b.setAttribute('aria-pressed', String((b.dataset.show === 'unread') === unread)));
      $('#read-all', root).disabled = !rows.some((n) => !n.read_at);
      paint($('#notices', root), rows.length === 0
        ? html`<div class="panel">${nothing(unread)}</div>`
        : html`<ul class="panel notices">${rows.map(row)}</ul>${more(rows.length, cursor)}`);
    };
    const mark = async (id) => {
      const n = rows.find((r) => String(r.id) === id);
      if (!n || n.read_at) return;
      n.read_at = new Date().toISOString();
      show();
      try {
        await api(`/api/notifications/${id}/read`, { method: 'POST' }); // outlives the page: pressing the link leaves it
        refreshMe().catch(() => {});
      } catch (error) {
        n.read_at = null;
        if (signal.aborted) return;
        show();
        complain(error, 'Still unread. ');
      }
    };
    const again = async () => {
      paint($('#notices', root), skeleton(5));
      try { await load(); show(); } catch (error) { if (!signal.aborted) paint($('#notices', root), failure(error, 'notifications')); }
    };
    const step = (by) => {
      const at = rows.findIndex((n) => document.activeElement?.closest('.notice')?.dataset.id === String(n.id));
      const to = rows[Math.max(0, Math.min(rows.length - 1, at + by))];
      if (to) document.getElementById(`n-${to.id}`)?.focus();
    };

    on(root, 'click', '[data-show]', (_, b) => { unread = b.dataset.show === 'unread'; again(); }, signal);
    on(root, 'click', '[data-retry]', again, signal);
    on(root, 'click', '[data-read], [data-open]', (_, el) => mark(el.closest('.notice').dataset.id), signal);
    on(root, 'click', '[data-read-all]', (_, button) => busy(button, async () => {
      try {
        await api('/api/notifications/read-all', { method: 'POST', signal });
        await load();
        show();
        refreshMe().catch(() => {});
      } catch (error) { complain(error); }
    }), signal);
    on(root, 'click', '[data-more]', (_, button) => busy(button, async () => {
      try {
        const page = await list('/api/notifications', { unread: unread ? 'true' : '', cursor, signal });
        rows = [...rows, ...page.data];
        cursor = page.next_cursor;
        show();
      } catch (error) { complain(error); }
    }), signal);
    bind([
      { keys: ['j'], label: 'Next notification', run: () => step(1) },
      { keys: ['k'], label: 'Previous notification', run: () => step(-1) },
      { keys: ['m'], label: 'Mark as read', run: () => { const el = document.activeElement?.closest('.notice'); if (el) mark(el.dataset.id); } },
    ], signal);
    show();
  },
};

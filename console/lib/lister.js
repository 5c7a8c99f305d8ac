// A list that comes page by page: first load, narrowing, "Show more", trying again.

import { html, on, paint } from './dom.js';
import { busy, complain, failure, skeleton } from './ui.js';

/** `fetch({cursor, limit})` asks the API, `view(rows, cursor)` draws. Older answers never overtake newer ones. */
export function lister(region, { fetch, view, what, signal }) {
  let rows = null;
  let cursor = '';
  let turn = 0;

  const show = () => paint(region, view(rows, cursor));
  /** `quiet`: the same list again, as long as it is now, without dimming it or complaining. */
  async function refresh({ quiet = false } = {}) {
    turn += 1;
    const mine = turn;
    if (!rows) paint(region, html`<div class="panel">${skeleton(4)}</div>`);
    else if (!quiet) region.classList.add('dim');
    try {
      const page = await fetch({ cursor: '', limit: quiet ? Math.min(100, Math.max(25, rows?.length ?? 0)) : 25 });
      if (mine !== turn || signal.aborted) return;
      rows = page.data;
      cursor = page.next_cursor ?? '';
      show();
    } catch (error) {
      if (mine === turn && !signal.aborted && !(quiet && rows)) {
        rows = null;
        paint(region, html`<div class="panel">${failure(error, what)}</div>`);
      }
    } finally {
      if (mine === turn) region.classList.remove('dim');
    }
  }

  on(region, 'click', '[data-retry]', () => refresh(), signal);
  on(region, 'click', '[data-more]', (_, button) => busy(button, async () => {
    const mine = turn;
    try {
      const page = await fetch({ cursor, limit: 25 });
      if (mine !== turn) return;
      rows = [...rows, ...page.data];
      cursor = page.next_cursor ?? '';
      show();
    } catch (error) { complain(error); }
  }), signal);
  return { refresh, show, rows: () => rows ?? [] };
}

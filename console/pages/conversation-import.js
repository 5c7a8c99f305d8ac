// One import: how far it is, what it brought, what it refused and why. Followed to its end.

import { $, html, paint } from '../lib/dom.js';
import { api } from '../lib/api.js';
import { time } from '../lib/format.js';
import { poll } from '../lib/poll.js';
import { badge, head, LIVE } from '../lib/ui.js';
import { about, known, progress, refusals, what } from './conversations/import-views.js';
import { dressed } from './conversations/tabs.js';

export default {
  title: () => 'Import',
  async mount(root, { params, signal }) {
    const at = `/api/conversations/imports/${encodeURIComponent(params.id)}`;
    let [one] = await Promise.all([api(at, { signal }), dressed()]);
    let seen = new Date().toISOString();
    paint(root, html`<div id="top"></div><p class="sr" role="status" id="spoken"></p><div id="progress"></div><div id="refused"></div>`);
    const show = (since) => {
      if (signal.aborted) return;
      paint($('#top', root), head({
        crumbs: [['Conversations', '#/conversations'], ['Imports', '#/conversations/imports']], title: what(one), extra: badge(one.status),
        lead: html`${about(one) && `${about(one)} · `}asked for ${time(one.created_at)}`,
        actions: known(one) > 0 && html`<a class="btn ${!LIVE.includes(one.status) && 'btn--primary'}" href="#/conversations?import_id=${one.id}">Show these conversations</a>`,
      }));
      paint($('#progress', root), progress(one, since));
      paint($('#refused', root), refusals(one));
    };
    show();
    if (!LIVE.includes(one.status)) return;
    poll(async () => {
      const before = one;
      try {
        one = await api(at, { signal });
        seen = new Date().toISOString();
      } catch (error) { show(seen); throw error; }
      show();
      if (!LIVE.includes(one.status)) { paint($('#spoken', root), one.status === 'failed' ? 'The import stopped.' : 'The import is done.'); return 'done'; }
      return JSON.stringify(before) === JSON.stringify(one) ? 'same' : 'changed';
    }, { every: 1_500, slowest: 10_000, signal });
  },
};

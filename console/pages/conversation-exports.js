// Exports: the enriched corpus as a file, in three formats. For admins.

import { $, html, on, paint } from '../lib/dom.js';
import { api, list } from '../lib/api.js';
import { fetchFrom } from '../lib/download.js';
import { clearErrors, showErrors } from '../lib/forms.js';
import { lister } from '../lib/lister.js';
import { poll } from '../lib/poll.js';
import { busy, complain, failure, head, LIVE, toast } from '../lib/ui.js';
import { form, nothing, table } from './conversations/export-views.js';
import { dressed, showTab, tabs } from './conversations/tabs.js';

export default {
  title: () => 'Exports',
  async mount(root, { signal, can, me }) {
    await dressed();
    const may = can('conversations.export');
    paint(root, html`${head({ title: 'Exports', lead: 'Enriched conversations as a file, for training or analysis. Files are kept for a week.' })}${tabs('/exports')}
      ${may ? html`${form}<section class="section"><div class="section__head"><h2>Files</h2></div><div id="exports"></div></section>`
    : html`<div class="panel">${failure({ status: 403, message: `Your role is ${me.role}. Exports need admin or higher: a file leaves with everything in it.` }, 'exports')}</div>`}`);
    showTab(root);
    if (!may) return;

    const exports = lister($('#exports', root), {
      what: 'the files', signal,
      fetch: (page) => list('/api/conversations/exports', { ...page, signal }),
      view: (rows, cursor) => (rows.length > 0 ? table(rows, cursor) : nothing),
    });
    const poller = poll(async () => {
      const rows = exports.rows();
      if (rows.length > 100 || !rows.some((one) => LIVE.includes(one.status))) return 'same';
      const before = JSON.stringify(rows);
      await exports.refresh({ quiet: true });
      return JSON.stringify(exports.rows()) === before ? 'same' : 'changed';
    }, { every: 2_000, signal });

    const wanted = $('#export', root);
    wanted.addEventListener('submit', (event) => {
      event.preventDefault();
      clearErrors(wanted);
      busy($('#go', root), async () => {
        const filled = [...new FormData(wanted)].map(([name, value]) => [name, value.trim()]).filter(([, value]) => value);
        try {
          await api(`/api/conversations/export?${new URLSearchParams(filled)}`, { signal });
          toast('The file is being written. It appears below.');
          await exports.refresh({ quiet: true });
          poller.now();
        } catch (error) { if (!signal.aborted) showErrors(wanted, error); }
      });
    }, { signal });
    on(root, 'click', '[data-get]', (_, button) => busy(button, async () => {
      try {
        const { url } = await api(`/api/conversations/exports/${button.dataset.get}`, { signal });
        fetchFrom(url);
      } catch (error) { complain(error, 'Nothing was downloaded. '); }
    }), signal);
    await exports.refresh();
  },
};

// Imports: each with how far it is, newest first.

import { $, html, paint } from '../lib/dom.js';
import { list } from '../lib/api.js';
import { lister } from '../lib/lister.js';
import { poll } from '../lib/poll.js';
import { head, LIVE } from '../lib/ui.js';
import { icon } from '../lib/icons.js';
import { importTable, noImports } from './conversations/import-views.js';
import { dressed, showTab, tabs } from './conversations/tabs.js';

export default {
  title: () => 'Imports',
  async mount(root, { signal, can }) {
    await dressed();
    const may = can('conversations.write');
    paint(root, html`${head({ title: 'Imports', lead: 'The same conversation again changes nothing; a different text under the same id replaces it.', actions: may && html`<a class="btn btn--primary" href="#/conversations/imports/new">${icon('upload')}Import</a>` })}${tabs('/imports')}<div id="imports"></div>`);
    showTab(root);
    const imports = lister($('#imports', root), {
      what: 'the imports', signal,
      fetch: (page) => list('/api/conversations/imports', { ...page, signal }),
      view: (rows, cursor) => (rows.length > 0 ? importTable(rows, cursor) : noImports(may)),
    });
    await imports.refresh();
    poll(async () => {
      const rows = imports.rows();
      if (rows.length > 100 || !rows.some((one) => LIVE.includes(one.status))) return 'same';
      const before = JSON.stringify(rows);
      await imports.refresh({ quiet: true });
      return JSON.stringify(imports.rows()) === before ? 'same' : 'changed';
    }, { every: 3_000, signal });
  },
};

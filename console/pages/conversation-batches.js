// Batches: made-up conversations by topics, newest first.

import { $, html, on, paint } from '../lib/dom.js';
import { api, list } from '../lib/api.js';
import { showErrors } from '../lib/forms.js';
import { bind } from '../lib/keys.js';
import { lister } from '../lib/lister.js';
import { poll } from '../lib/poll.js';
import { ask, head } from '../lib/ui.js';
import { form, newBatch, nothing, read, table } from './conversations/batch-views.js';
import { dressed, showTab, tabs } from './conversations/tabs.js';

const AT = '/api/conversations/batch';

export default {
  title: () => 'Batches',
  async mount(root, { signal, can, go }) {
    await dressed();
    const may = can('enrichment.run');
    paint(root, html`${head({ title: 'Batches', lead: 'Conversations made up by the model, for training data without customers in it.', actions: may && newBatch })}${tabs('/batches')}<div id="batches"></div>`);
    showTab(root);
    const batches = lister($('#batches', root), {
      what: 'the batches', signal,
      fetch: (page) => list(AT, { ...page, signal }),
      view: (rows, cursor) => (rows.length > 0 ? table(rows, cursor) : nothing(may)),
    });
    const start = async () => {
      let key = crypto.randomUUID();
      const made = await ask({
        title: 'New batch', confirm: 'Make conversations', body: form, submit: (data) => {
          const wish = read(data);
          if (wish.topics.length === 0) throw Object.assign(new Error('Write at least one topic.'), { details: [{ field: 'topics', message: 'Write at least one topic.' }] });
          return api(AT, { method: 'POST', key, signal, body: wish });
        },
        onError: (box, error) => { if (!error.retryable) key = crypto.randomUUID(); showErrors(box, error); },
      });
      if (made) go(`/conversations/batches/${made.id}`);
    };
    on(root, 'click', '[data-new]', start, signal);
    if (may) bind([{ keys: ['n'], label: 'New batch', run: start }], signal);
    await batches.refresh();
    poll(async () => {
      const rows = batches.rows();
      if (rows.length > 100 || !rows.some((b) => b.status === 'running')) return 'same';
      const before = JSON.stringify(rows);
      await batches.refresh({ quiet: true });
      return JSON.stringify(batches.rows()) === before ? 'same' : 'changed';
    }, { every: 3_000, signal });
  },
};

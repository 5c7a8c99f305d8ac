// My audits: what the audited person sees of their own chats.

import { $, html, on, paint } from '../lib/dom.js';
import { list } from '../lib/api.js';
import { lister } from '../lib/lister.js';
import { empty, head } from '../lib/ui.js';
import { choose, resultTable, VERDICTS } from './audits/result-list.js';

const nothing = (verdict) => html`<div class="panel">${verdict
  ? empty({ glyphName: 'search', title: 'None of your chats has this verdict', text: 'Choose another verdict to see the others.' })
  : empty({ glyphName: 'audits', title: 'None of your chats was audited yet', text: 'When one is, it stands here with the score and the sentence behind every mark. You can dispute what you think is wrong.' })}</div>`;

export default {
  title: () => 'My audits',
  async mount(root, { signal, me, can }) {
    let verdict = '';
    // Members may read everybody's audits; here they, too, see only their own.
    const person = can('audits.read') ? me.email : '';
    paint(root, html`${head({ title: 'My audits', lead: 'Your audited chats, newest first. Open one to see the sentence behind every mark, and to dispute it.' })}
      <div class="toolbar">${choose('verdict', 'Verdict', '', VERDICTS.filter(([v]) => v !== 'held'))}</div><div id="results"></div>`);
    const results = lister($('#results', root), {
      what: 'your audits', signal,
      fetch: (page) => list('/api/audits', { person, verdict, ...page, signal }),
      view: (rows, cursor) => (rows.length > 0 ? resultTable(rows, cursor, { named: false, caption: 'My audits' }) : nothing(verdict)),
    });
    on(root, 'change', '#verdict', (_, el) => { verdict = el.value; results.refresh(); }, signal);
    await results.refresh();
  },
};

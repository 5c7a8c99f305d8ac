// Scorecards: what a good chat is, each in its newest version.

import { $, html, paint } from '../lib/dom.js';
import { list } from '../lib/api.js';
import { count, percent, time } from '../lib/format.js';
import { icon } from '../lib/icons.js';
import { lister } from '../lib/lister.js';
import { empty, head, more } from '../lib/ui.js';
import { showTab, tabs } from './audits/tabs.js';

const row = (s) => html`<tr class="is-link"><th scope="row"><a href="#/audits/scorecards/${s.id}">${s.name}</a></th><td class="r">${count(s.version)}</td><td class="r">${count(s.criteria.length)}</td><td class="r not-phone">${count(s.criteria.filter((c) => c.critical).length)}</td><td class="r not-phone">${percent(s.pass_threshold)}</td><td class="r not-phone">${time(s.updated_at)}</td></tr>`;
const table = (rows, cursor) => html`<div class="table-wrap"><table><caption class="sr">Scorecards</caption><thead><tr><th scope="col">Scorecard</th><th class="r" scope="col">Version</th><th class="r" scope="col">Criteria</th><th class="r not-phone" scope="col">Critical</th><th class="r not-phone" scope="col">Pass at</th><th class="r not-phone" scope="col">Changed</th></tr></thead><tbody>${rows.map(row)}</tbody></table></div>${more(rows.length, cursor)}`;

export default {
  title: () => 'Scorecards',
  async mount(root, { signal, can }) {
    const mayWrite = can('scorecards.write');
    if (!can('scorecards.read')) await list('/api/scorecards', { limit: 1, signal }); // says who may
    paint(root, html`${head({ title: 'Scorecards', lead: 'What is judged. A change makes a new version; audits keep the one they were judged by.', actions: mayWrite && html`<a class="btn btn--primary" href="#/audits/scorecards/new">${icon('plus')}New scorecard</a>` })}${tabs('/scorecards')}<div id="cards"></div>`);
    showTab(root);
    await lister($('#cards', root), {
      what: 'the scorecards', signal,
      fetch: (page) => list('/api/scorecards', { ...page, signal }),
      view: (rows, cursor) => (rows.length > 0 ? table(rows, cursor) : html`<div class="panel">${empty({ glyphName: 'audits', title: 'No scorecards yet', text: mayWrite ? 'Write down what a good chat is: three to eight criteria are enough for a start.' : 'An admin adds the first one.', action: mayWrite && html`<a class="btn" href="#/audits/scorecards/new">New scorecard</a>` })}</div>`),
    }).refresh();
  },
};

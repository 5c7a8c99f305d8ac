// Results: every audited chat, newest first, narrowed by person, verdict and open disputes.

import { $, html, on, paint } from '../lib/dom.js';
import { all, list } from '../lib/api.js';
import { lister } from '../lib/lister.js';
import { empty, head } from '../lib/ui.js';
import { choose, resultTable, VERDICTS } from './audits/result-list.js';
import { showTab, tabs } from './audits/tabs.js';

const nothing = (narrowed) => html`<div class="panel">${narrowed
  ? empty({ glyphName: 'search', title: 'No result fits', text: 'Choose another person or verdict to see more.', action: html`<button class="btn" type="button" data-all>Show all results</button>` })
  : empty({ glyphName: 'audits', title: 'No results yet', text: 'Start a run; its first scores appear here within minutes.', action: html`<a class="btn" href="#/audits/new">New run</a>` })}</div>`;

export default {
  title: () => 'Results',
  async mount(root, { query, signal, can, go }) {
    if (!can('audits.read')) { go('/audits/mine'); return; }
    const wish = { person: query.get('person') ?? '', verdict: query.get('verdict') ?? '', disputed: query.get('disputed') === 'true' ? 'true' : '' };
    const narrowed = () => Object.values(wish).some(Boolean);
    paint(root, html`${head({ title: 'Results', lead: 'Every audited chat, newest first.' })}${tabs('/results')}
      <div class="toolbar" id="filters"></div><div id="results"></div>`);
    showTab(root);
    const results = lister($('#results', root), {
      what: 'the results', signal,
      fetch: (page) => list('/api/audits', { ...wish, ...page, signal }),
      view: (rows, cursor) => (rows.length > 0 ? resultTable(rows, cursor) : nothing(narrowed())),
    });

    let people = wish.person ? [[wish.person, wish.person]] : [];
    const filters = () => paint($('#filters', root), html`${choose('person', 'Person', wish.person, [['', 'Everybody'], ...people])}${choose('verdict', 'Verdict', wish.verdict, VERDICTS)}
      <label class="check check--inline"><input type="checkbox" id="disputed" ${wish.disputed && 'checked'}><span>Open disputes only</span></label>`);
    filters();
    const narrow = (change) => {
      Object.assign(wish, change);
      const shown = new URLSearchParams(Object.entries(wish).filter(([, value]) => value)).toString();
      history.replaceState(null, '', `#/audits/results${shown && `?${shown}`}`); // so that the address can be sent to a colleague
      filters();
      return results.refresh();
    };
    on(root, 'change', '#person', (_, el) => narrow({ person: el.value }), signal);
    on(root, 'change', '#verdict', (_, el) => narrow({ verdict: el.value }), signal);
    on(root, 'change', '#disputed', (_, el) => narrow({ disputed: el.checked ? 'true' : '' }), signal);
    on(root, 'click', '[data-all]', () => narrow({ person: '', verdict: '', disputed: '' }), signal);

    all('/api/people', { signal, most: 1000 }).then((found) => {
      const known = found.filter((p) => p.email).map((p) => [p.email.toLowerCase(), p.name]);
      people = known.some(([email]) => email === wish.person.toLowerCase()) || !wish.person ? known : [[wish.person, wish.person], ...known];
      wish.person = wish.person.toLowerCase();
      filters();
    }).catch(() => {}); // without names the list still works
    await results.refresh();
  },
};

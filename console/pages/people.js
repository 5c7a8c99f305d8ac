// People: whose chats can be audited.

import { $, debounce, html, on, paint } from '../lib/dom.js';
import { all, api } from '../lib/api.js';
import { count, plural } from '../lib/format.js';
import { field, problems, showErrors, text } from '../lib/forms.js';
import { icon } from '../lib/icons.js';
import { ask, badge, busy, complain, empty, failure, head, more, skeleton, toast } from '../lib/ui.js';
import { showTab, tabs } from './audits/tabs.js';

const MOST = 1000;
const STEP = 50;

const row = (p, mayChange) => html`<tr><th scope="row">${p.name}<span class="cell-sub">${p.email}</span></th><td class="not-phone">${p.team || html`<span class="none">–</span>`}</td>
  <td>${p.intercom_admin_id ? html`<span class="mono">${p.intercom_admin_id}</span>` : html`<span class="none">none</span>`}${p.active === false && html` ${badge('suspended', 'Inactive')}`}</td>
  <td class="r"><span class="row row--end">${p.email && html`<a class="btn btn--small btn--quiet not-phone" href="#/audits/results?person=${encodeURIComponent(p.email.toLowerCase())}" aria-label="Results of ${p.name}">Results</a>`}${mayChange && p.intercom_admin_id && html`<button class="btn btn--small btn--quiet" type="button" id="change-${p.id}" data-change="${p.id}" aria-label="Change ${p.name}">Change</button>`}</span></td></tr>`;

const table = (rows, drawn, mayChange) => html`<div class="table-wrap"><table><caption class="sr">People</caption><thead><tr><th scope="col">Person</th><th class="not-phone" scope="col">Team</th><th scope="col">Intercom id</th><th scope="col"><span class="sr">Actions</span></th></tr></thead>
  <tbody>${rows.slice(0, drawn).map((p) => row(p, mayChange))}</tbody></table></div>${rows.length > drawn ? more(drawn, 'yes') : ''}`;

const fields = (p) => html`${field('name', 'Name', text(p?.name))}${field('email', 'E-mail', text(p?.email, { type: 'email' }), 'The address they sign in with. It decides whose audits they see.')}${field('team', 'Team', text(p?.team))}
  ${field('intercom_admin_id', 'Intercom id', text(p?.intercom_admin_id, { readonly: Boolean(p) }), p ? 'It names the person and stays.' : 'Without it nothing of theirs can be audited.')}${problems}`;

const said = (data) => ({ name: data.get('name').trim(), email: data.get('email').trim(), team: data.get('team').trim(), ...(data.get('intercom_admin_id').trim() && { intercom_admin_id: data.get('intercom_admin_id').trim() }) });

export default {
  title: () => 'People',
  async mount(root, { signal, can }) {
    let people = await all('/api/people', { signal, most: MOST });
    let wanted = '';
    let drawn = STEP;
    const mayChange = can('people.write');
    paint(root, html`${head({ title: 'People', lead: 'Whose chats can be audited. Intercom knows them by a number.', actions: mayChange && html`<button class="btn" type="button" id="add" data-add>${icon('plus')}Add person</button><button class="btn btn--primary" type="button" id="sync" data-sync>${icon('retry')}Sync from Intercom</button>` })}${tabs('/people')}
      <div class="toolbar"><div class="search">${icon('search')}<input class="input" id="find" type="search" placeholder="Find a name or team" aria-label="Find a name or team" autocomplete="off"></div></div><div id="people">${skeleton(4)}</div>`);
    showTab(root);

    const show = () => {
      const found = people.filter((p) => `${p.name} ${p.email} ${p.team} ${p.intercom_admin_id ?? ''}`.toLowerCase().includes(wanted));
      paint($('#people', root), found.length > 0 ? table(found, drawn, mayChange) : html`<div class="panel">${wanted
        ? empty({ glyphName: 'search', title: 'Nobody fits', text: 'Look for a part of the name, the team or the Intercom id.' })
        : empty({ glyphName: 'info', title: 'Nobody is known yet', text: mayChange ? 'Sync from Intercom brings everybody who answers chats there.' : 'An admin syncs people from Intercom.' })}</div>`);
    };
    const reload = async (sentence) => {
      if (signal.aborted) return;
      if (sentence) toast(sentence);
      try { people = await all('/api/people', { signal, most: MOST }); show(); } catch (error) { if (!signal.aborted) paint($('#people', root), html`<div class="panel">${failure(error, 'people')}</div>`); }
    };
    const edit = async (person) => {
      const key = crypto.randomUUID();
      const saved = await ask({
        title: person ? `Change ${person.name}` : 'Add person', confirm: person ? 'Save person' : 'Add person', onError: showErrors, body: fields(person),
        submit: (data) => api('/api/people', { method: 'POST', key, signal, body: said(data) }),
      });
      if (saved) await reload(person ? 'Person saved.' : 'Person added.');
    };

    on(root, 'click', '[data-add]', () => edit(null), signal);
    on(root, 'click', '[data-change]', (_, button) => edit(people.find((p) => p.id === button.dataset.change)), signal);
    on(root, 'click', '[data-sync]', (_, button) => busy(button, async () => {
      try {
        const { added, updated, total } = await api('/api/people/sync', { method: 'POST', signal });
        await reload(`${plural(added, 'person', 'people')} added, ${count(updated)} brought up to date, ${count(total)} in all.`);
      } catch (error) {
        complain(error.code === 'not_found' ? new Error('This server cannot sync people yet. Add them by hand.') : error, 'Nothing was changed. ');
      }
    }), signal);
    on(root, 'click', '[data-retry]', () => reload(''), signal);
    on(root, 'click', '[data-more]', () => { drawn += STEP; show(); }, signal);
    const find = debounce(120, () => { drawn = STEP; show(); });
    on(root, 'input', '#find', (_, el) => { wanted = el.value.trim().toLowerCase(); find(); }, signal);
    show();
  },
};

// Members: who may come in, and as what.

import { html, on, paint } from '../../lib/dom.js';
import { api, list } from '../../lib/api.js';
import { time } from '../../lib/format.js';
import { field, problems, select, showErrors, text } from '../../lib/forms.js';
import { icon } from '../../lib/icons.js';
import { ask, badge, busy, complain, more, toast } from '../../lib/ui.js';

const ROLES = [['viewer', 'Viewer: reads, changes nothing'], ['member', 'Member: audits and daily work'], ['admin', 'Admin: settings and people'], ['owner', 'Owner: everything']];
const nameOf = (role) => ROLES.find(([id]) => id === role)?.[1].split(':')[0] ?? role;
/** An admin cannot make an owner. */
const rolesFor = (me) => ROLES.filter(([id]) => id !== 'owner' || me.role === 'owner');

const row = (m, me, mayChange) => html`<tr><th scope="row">${m.name || m.email}<span class="cell-sub">${m.name ? m.email : ''}${m.email === me.email && ' (you)'}</span></th><td>${nameOf(m.role)}</td><td class="not-phone">${m.status && badge(m.status)}</td><td class="r not-phone">${time(m.created_at)}</td>
  <td class="r">${mayChange && html`<span class="row row--end"><button class="btn btn--small btn--quiet" type="button" id="role-${m.id}" data-edit="${m.id}" aria-label="Change ${m.name || m.email}">Change</button><button class="btn btn--small btn--quiet" type="button" id="out-${m.id}" data-drop="${m.id}" aria-label="Remove ${m.name || m.email}">Remove</button></span>`}</td></tr>`;

export default {
  async mount(root, { signal, can, me, refreshMe }) {
    let rows = [];
    let cursor = '';
    const mayChange = can('members.write');
    const load = async () => { const page = await list('/api/members', { signal }); rows = page.data; cursor = page.next_cursor; };
    await load();
    const show = () => paint(root, html`<div class="part-head"><p class="meta">Members sign in with their e-mail address; the role decides what they may do.</p>${mayChange && html`<button class="btn" type="button" id="invite" data-invite>${icon('plus')}Add member</button>`}</div>
      <div class="table-wrap"><table><caption class="sr">Members</caption><thead><tr><th scope="col">Member</th><th scope="col">Role</th><th class="not-phone" scope="col">State</th><th class="r not-phone" scope="col">Since</th><th scope="col"><span class="sr">Actions</span></th></tr></thead><tbody>${rows.map((m) => row(m, me, mayChange))}</tbody></table></div>${more(rows.length, cursor)}`);
    const after = async (said) => {
      if (signal.aborted) return;
      toast(said);
      try { await load(); show(); refreshMe().catch(() => {}); } catch (error) { complain(error); }
    };
    const find = (id) => rows.find((m) => String(m.id) === id);

    on(root, 'click', '[data-invite]', async () => {
      const key = crypto.randomUUID();
      const made = await ask({
        title: 'Add member', confirm: 'Add member', onError: showErrors,
        body: html`${field('email', 'E-mail', text('', { type: 'email' }), 'The address they sign in with')}${field('name', 'Name', text())}${field('role', 'Role', select('member', rolesFor(me)))}${problems}`,
        submit: (data) => api('/api/members', { method: 'POST', key, signal, body: { email: data.get('email').trim(), name: data.get('name').trim(), role: data.get('role') } }),
      });
      if (made) await after('Member added.');
    }, signal);
    on(root, 'click', '[data-edit]', async (_, b) => {
      const m = find(b.dataset.edit);
      const saved = await ask({
        title: `Change ${m.name || m.email}`, confirm: 'Save member', onError: showErrors,
        body: html`${field('name', 'Name', text(m.name))}${field('role', 'Role', select(m.role, m.role === 'owner' ? ROLES : rolesFor(me)))}${problems}`,
        submit: (data) => api(`/api/members/${m.id}`, { method: 'PUT', signal, body: { name: data.get('name').trim(), role: data.get('role') } }),
      });
      if (saved) await after('Member saved.');
    }, signal);
    on(root, 'click', '[data-drop]', async (_, b) => {
      const m = find(b.dataset.drop);
      const gone = await ask({
        title: `Remove ${m.name || m.email}?`, confirm: 'Remove member', danger: true, onError: showErrors,
        body: html`<p>They can no longer sign in here. What they did stays in the records.</p>${problems}`,
        submit: () => api(`/api/members/${m.id}`, { method: 'DELETE', signal }),
      });
      if (gone) await after('Member removed.');
    }, signal);
    on(root, 'click', '[data-more]', (_, button) => busy(button, async () => {
      try {
        const page = await list('/api/members', { cursor, signal });
        rows = [...rows, ...page.data];
        cursor = page.next_cursor;
        show();
      } catch (error) { complain(error); }
    }), signal);
    show();
  },
};

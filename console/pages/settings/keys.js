// Service keys: how machines call us. The key itself is shown once, when it is made.

import { $, html, on, paint } from '../../lib/dom.js';
import { api, list } from '../../lib/api.js';
import { time } from '../../lib/format.js';
import { check, field, problems, select, showErrors, text } from '../../lib/forms.js';
import { icon } from '../../lib/icons.js';
import { ask, badge, busy, complain, empty, more, toast } from '../../lib/ui.js';

const FOR_N8N = ['audits.callback', 'audits.progress', 'scorecards.read'];
const LIVES = [['90', '90 days'], ['365', 'One year'], ['', 'Until it is revoked']];

const stateOf = (key) => (key.revoked_at ? 'revoked' : key.expires_at && Date.parse(key.expires_at) < Date.now() ? 'expired' : 'active');

const row = (key) => html`<tr><th scope="row">${key.name}<span class="cell-sub">${key.scopes.join(', ')}</span></th><td>${badge(stateOf(key))}</td>
  <td class="not-phone">${time(key.created_at)}</td><td class="not-phone">${key.last_used_at ? time(key.last_used_at) : html`<span class="none">Never</span>`}</td><td class="not-phone">${key.expires_at ? time(key.expires_at) : html`<span class="none">Does not end</span>`}</td>
  <td class="r">${stateOf(key) === 'active' && html`<button class="btn btn--small btn--quiet" type="button" id="revoke-${key.id}" data-revoke="${key.id}" aria-label="Revoke ${key.name}">Revoke</button>`}</td></tr>`;

const table = (keys) => html`<div class="table-wrap"><table><caption class="sr">Service keys</caption><thead><tr><th scope="col">Key</th><th scope="col">State</th><th class="not-phone" scope="col">Made</th><th class="not-phone" scope="col">Last used</th><th class="not-phone" scope="col">Ends</th><th scope="col"><span class="sr">Actions</span></th></tr></thead><tbody>${keys.map(row)}</tbody></table></div>`;

/** Shown once: closing is the person's word that it is stored. */
async function hand(made) {
  const closed = ask({
    title: 'Store this key now', close: 'I have stored it',
    body: html`<p>This is the only time it is shown. Whoever holds it can act as “${made.name}”.</p>
      <div class="secret"><code class="mono" id="new-key" tabindex="0">${made.key}</code><button class="btn btn--small" type="button" id="copy">${icon('copy', 14)}Copy</button></div><p class="small" role="status" id="copied"></p>`,
  });
  $('#copy').focus();
  $('#copy').addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(made.key);
      paint($('#copied'), 'Copied.');
    } catch {
      getSelection().selectAllChildren($('#new-key'));
      paint($('#copied'), 'Selected. Copy it with the keyboard.');
    }
  });
  await closed;
}

export default {
  async mount(root, { signal, can }) {
    let keys = [];
    let cursor = '';
    let scopes = [];
    const load = async () => {
      const page = await list('/api/service-keys', { signal });
      keys = page.data;
      cursor = page.next_cursor;
      scopes = page.available_scopes;
    };
    await load();
    const show = () => paint(root, html`<div class="part-head"><p class="meta">Machines such as n8n call sidedesk with one of these. Make the next one before you revoke the last.</p>${can('service_keys.write') && html`<button class="btn" type="button" id="make" data-make>${icon('plus')}Make a key</button>`}</div>
      ${keys.length === 0 ? html`<div class="panel">${empty({ glyphName: 'key', title: 'No keys yet', text: 'Make one for n8n, and store it there as a credential.' })}</div>` : html`${table(keys)}${more(keys.length, cursor)}`}`);
    const reload = async () => { await load(); show(); };

    on(root, 'click', '[data-make]', async () => {
      const wish = crypto.randomUUID();
      const made = await ask({
        title: 'Make a service key', confirm: 'Make key', onError: showErrors,
        body: html`${field('name', 'Name', text('', { placeholder: 'n8n production' }), 'Who will use it')}
          <fieldset class="field" data-field="scopes"><legend class="label">May do</legend><div class="stack">${scopes.map((s) => check('scopes', s.description, FOR_N8N.includes(s.name), { hint: s.name, value: s.name }))}</div><div class="field__error" role="alert"></div></fieldset>
          ${field('expires_at', 'Ends', select('365', LIVES))}${problems}`,
        submit: (data) => {
          const days = data.get('expires_at');
          return api('/api/service-keys', { method: 'POST', key: wish, signal, body: {
            name: data.get('name').trim(), scopes: data.getAll('scopes'), ...(days && { expires_at: new Date(Date.now() + days * 86_400_000).toISOString() }),
          } });
        },
      });
      if (!made || signal.aborted) return;
      await hand(made);
      await reload().catch(complain);
    }, signal);
    on(root, 'click', '[data-more]', (_, button) => busy(button, async () => {
      try {
        const page = await list('/api/service-keys', { cursor, signal });
        keys = [...keys, ...page.data];
        cursor = page.next_cursor;
        show();
      } catch (error) { complain(error); }
    }), signal);
    on(root, 'click', '[data-revoke]', async (_, button) => {
      const key = keys.find((k) => String(k.id) === button.dataset.revoke);
      const gone = await ask({
        title: `Revoke ${key.name}?`, confirm: 'Revoke key', danger: true, onError: showErrors,
        body: html`<p>Whatever calls sidedesk with it is refused from now on. This cannot be undone.</p>${problems}`,
        submit: () => api(`/api/service-keys/${key.id}`, { method: 'DELETE', signal }),
      });
      if (!gone || signal.aborted) return;
      toast('Key revoked.');
      await reload().catch(complain);
    }, signal);
    show();
  },
};

// Integrations: the tools beside us. Secrets go in and never come out.

import { html, on, paint } from '../../lib/dom.js';
import { api } from '../../lib/api.js';
import { count, humanise, time } from '../../lib/format.js';
import { field, problems, select, showErrors, text } from '../../lib/forms.js';
import { icon } from '../../lib/icons.js';
import { ask, badge, busy, complain, empty, note, toast } from '../../lib/ui.js';

const KINDS = {
  chatwoot: { name: 'Chatwoot', secret: 'API access token', config: ['account_id'], more: [['webhook_secret', 'Webhook secret', 'Signs what Chatwoot sends to sidedesk']], address: 'The address of the dashboard, without /app' },
  intercom: { name: 'Intercom', secret: 'Access token', config: ['api_version'], more: [], address: 'https://api.intercom.io, or the one of your region' },
  n8n: { name: 'n8n', secret: 'Webhook header value', config: ['webhook_path', 'header_name'], more: [['api_key', 'n8n API key', 'Lets sidedesk ask what became of a run']], address: 'The whole webhook address may be pasted' },
  openai: { name: 'OpenAI compatible model', secret: 'API key', config: ['organization'], more: [], address: 'Ends in /v1' },
};
const kindOf = (kind) => KINDS[kind] ?? { name: humanise(kind), secret: 'Secret', config: [], more: [], address: '' };

const health = (item) => (!item.last_test
  ? badge('untested')
  : html`${badge(item.last_test.ok ? 'working' : 'broken')} <span class="small">${time(item.last_test.at)}</span>${!item.last_test.ok && html`<span class="small bad-text">${item.last_test.message}</span>`}`);

const row = (item, answer, mayChange) => html`<li class="link-row" id="i-${item.id}">
  <div class="link-row__main"><h3>${item.name}</h3><p class="meta">${kindOf(item.kind).name} · <span class="mono">${item.base_url}</span>${!item.has_secret && html` · <span class="warn-text">no secret stored</span>`}</p>
    <p class="link-row__health">${health(item)}</p>
    ${answer && note(answer.ok ? 'info' : 'bad', html`<span>${answer.message}${answer.latency_ms !== undefined && answer.latency_ms !== null && html` <span class="num">(${count(answer.latency_ms)} ms)</span>`}</span>`, answer.ok ? 'check' : 'alert')}</div>
  ${mayChange && html`<div class="row link-row__do"><button class="btn btn--small" type="button" id="test-${item.id}" data-test="${item.id}">Test</button><button class="btn btn--small" type="button" id="edit-${item.id}" data-edit="${item.id}">Edit</button><button class="btn btn--small btn--quiet" type="button" id="drop-${item.id}" data-drop="${item.id}">Remove</button></div>`}</li>`;

const keysOf = (kind, config) => [...new Set([...kindOf(kind).config, ...Object.keys(config)])];

const password = text('', { type: 'password', autocomplete: 'new-password' });
const stored = (item) => (item.has_secret ? 'One is stored and is never shown. Leave this empty to keep it.' : 'Kept in the secrets manager; never shown again.');

/** What differs from kind to kind. */
const kindFields = (item) => html`
  ${field('base_url', 'Address', text(item.base_url, { type: 'url', placeholder: 'https://' }), kindOf(item.kind).address)}
  ${keysOf(item.kind, item.config).map((key) => field(`config.${key}`, humanise(key), text(item.config[key] !== null && typeof item.config[key] === 'object' ? JSON.stringify(item.config[key]) : item.config[key])))}
  ${field('secret', kindOf(item.kind).secret, password, stored(item))}
  ${kindOf(item.kind).more.map(([name, label, hint]) => field(name, label, password, `${hint}. ${item.id ? 'Leave empty to keep what is stored.' : 'May be added later.'}`))}`;

const fields = (item) => html`
  ${item.id ? '' : field('kind', 'Kind', select(item.kind, Object.entries(KINDS).map(([id, k]) => [id, k.name])))}
  ${field('name', 'Name', text(item.name), 'As people see it here')}
  <div class="stack setting__body" id="of-kind">${kindFields(item)}</div>
  ${problems}`;

/** What was typed, in the types it had: a number stays a number. */
function typed(value, before) {
  if (typeof before === 'number' && value !== '' && !Number.isNaN(Number(value))) return Number(value);
  if (typeof before === 'boolean') return value === 'true';
  if (before !== null && typeof before === 'object') { try { return JSON.parse(value); } catch { return value; } }
  return value;
}

function bodyOf(data, item) {
  const config = { ...item.config };
  for (const [name, value] of data) {
    if (!name.startsWith('config.')) continue;
    const key = name.slice(7);
    if (value === '' && !(key in (item.config ?? {}))) continue;
    config[key] = typed(value.trim(), item.config?.[key]);
  }
  const body = { name: data.get('name').trim(), base_url: data.get('base_url').trim(), config };
  if (!item.id) body.kind = data.get('kind');
  for (const name of ['secret', ...kindOf(body.kind ?? item.kind).more.map(([extra]) => extra)]) if (data.get(name)) body[name] = data.get(name);
  return body;
}

export default {
  async mount(root, { signal, can }) {
    let items = (await api('/api/integrations', { signal })).data;
    const answers = new Map();
    const mayChange = can('integrations.write');
    const show = () => paint(root, html`<div class="part-head"><p class="meta">The tools sidedesk reads from and writes to.</p>${mayChange && html`<button class="btn" type="button" id="add" data-add>${icon('plus')}Add integration</button>`}</div>
      ${items.length === 0
        ? html`<div class="panel">${empty({ title: 'Nothing is connected yet', text: 'Add Intercom to audit chats, Chatwoot to draft replies, n8n to run audits there.' })}</div>`
        : html`<ul class="panel link-rows">${items.map((item) => row(item, answers.get(item.id), mayChange))}</ul>`}`);
    const reload = async () => { items = (await api('/api/integrations', { signal })).data; show(); };
    const find = (id) => items.find((i) => String(i.id) === id);

    const edit = async (item) => {
      const key = crypto.randomUUID();
      const dialog = ask({
        title: item.id ? `Edit ${item.name}` : 'Add integration',
        confirm: item.id ? 'Save integration' : 'Add integration',
        body: fields(item),
        submit: (data) => api(item.id ? `/api/integrations/${item.id}` : '/api/integrations', { method: item.id ? 'PUT' : 'POST', body: bodyOf(data, item), key, signal }),
        onError: showErrors,
      });
      const kind = document.querySelector('dialog [name=kind]');
      kind?.addEventListener('change', () => {
        const address = document.querySelector('dialog [name=base_url]').value;
        paint(document.querySelector('dialog #of-kind'), kindFields({ ...item, kind: kind.value, base_url: address }));
      });
      const saved = await dialog;
      if (!saved || signal.aborted) return;
      if (item.id) answers.delete(item.id);
      toast(item.id ? 'Integration saved. Test it to be sure.' : 'Integration added. Test it to be sure.');
      await reload().catch(complain);
    };
    const remove = (item) => ask({
      title: `Remove ${item.name}?`, confirm: 'Remove integration', danger: true, onError: showErrors,
      body: html`<p>sidedesk forgets the address and the secret. Work that needs ${kindOf(item.kind).name} fails until it is added again.</p>${problems}`,
      submit: () => api(`/api/integrations/${item.id}`, { method: 'DELETE', signal }),
    }).then((gone) => { if (gone) { toast('Integration removed.'); return reload(); } return null; }).catch(complain);

    on(root, 'click', '[data-add]', () => edit({ kind: 'intercom', name: '', base_url: '', config: {} }), signal);
    on(root, 'click', '[data-edit]', (_, b) => edit(find(b.dataset.edit)), signal);
    on(root, 'click', '[data-drop]', (_, b) => remove(find(b.dataset.drop)), signal);
    on(root, 'click', '[data-test]', (_, button) => busy(button, async () => {
      const item = find(button.dataset.test);
      try {
        const answer = await api(`/api/integrations/${item.id}/test`, { method: 'POST', signal });
        answers.set(item.id, answer.ok ? answer : null); // a failure's words stand beside its badge
        item.last_test = { ok: answer.ok, message: answer.message, at: new Date().toISOString() };
      } catch (error) {
        if (signal.aborted) return;
        answers.set(item.id, { ok: false, message: error.message });
      }
      show();
    }), signal);
    show();
  },
};

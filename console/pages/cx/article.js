// One article: its text as drafts read it, whether it can be found, and its earlier versions.

import { $, html, on, paint } from '../../lib/dom.js';
import { api, list } from '../../lib/api.js';
import { plural, time } from '../../lib/format.js';
import { problems, showErrors } from '../../lib/forms.js';
import { icon } from '../../lib/icons.js';
import { poll } from '../../lib/poll.js';
import { ask, busy, complain, note, toast } from '../../lib/ui.js';
import { safeUrl } from '../approvals/words.js';
import { changeForm, indexBadge } from './article-forms.js';

const standing = (a) => {
  if (a.index_status === 'failed') return note('bad', html`<strong>Drafts do not find this version</strong><span>${a.index_error}</span>`);
  if (a.index_status === 'waiting') return note('info', html`<strong>Being indexed</strong><span>${a.index_error || 'Drafts find it in a moment.'}</span>`, 'info');
  return '';
};
const actions = (a) => html`<button class="btn" type="button" id="change" data-change>Change</button>${a.index_status === 'failed' && html`<button class="btn" type="button" id="again" data-again>Index again</button>`}
  <button class="btn" type="button" id="shelve" data-shelve>${a.status === 'archived' ? 'Bring back' : 'Archive'}</button><button class="btn btn--danger" type="button" id="delete" data-delete>Delete</button>`;

const view = (a, may) => html`<div class="part-head"><div><h2 class="article__title" tabindex="-1">${a.title} ${indexBadge(a)}</h2><p class="meta">Version ${a.version} by ${a.created_by}, ${time(a.updated_at)} · ${plural(a.chunks, 'passage')} that drafts can find${a.source && html` · from ${a.source}`}${a.language && html` · ${a.language}`}</p></div>${may && html`<div class="row">${actions(a)}</div>`}</div>
  ${standing(a)}${safeUrl(a.url) && html`<p class="meta"><a href="${a.url}" target="_blank" rel="noopener noreferrer">${a.url}</a></p>`}
  <div class="article__text">${a.body}</div>`;
const version = (v) => html`<li><details class="disclosure"><summary>${icon('right', 14)}<span>Version ${v.version}, ${time(v.created_at)}, ${v.created_by}</span></summary><div class="article__text">${v.body}</div></details></li>`;

export async function article(root, { params, signal, can, go }) {
  const address = `/api/kb/articles/${encodeURIComponent(params.id)}`;
  let it = await api(address, { signal });
  paint(root, html`<p class="crumbs"><a href="#/cx/knowledge">Knowledge</a>${icon('right', 12)}</p><div id="article"></div><section class="section" id="versions"></section>`);
  const show = () => paint($('#article', root), view(it, can('knowledge.write')));
  const versions = () => list(`${address}/versions`, { limit: 100, signal }).then(({ data }) => paint($('#versions', root), data.length > 1 ? html`<div class="section__head"><h2>Versions</h2></div><ol>${data.map(version)}</ol>` : '')).catch(() => {});
  const after = (next, said) => { if (signal.aborted) return; it = next; show(); versions(); toast(said); };
  const change = (fields) => api(address, { method: 'PUT', signal, body: { title: it.title, body: it.body, url: it.url, language: it.language, status: it.status, version: it.version, ...fields } });

  on(root, 'click', '[data-change]', async () => { const next = await changeForm(it, signal).catch(complain); if (next) after(next, `Saved as version ${next.version}.`); }, signal);
  on(root, 'click', '[data-again]', (_, button) => busy(button, async () => { try { after(await api(`${address}/index`, { method: 'POST', signal }), 'It is indexed again.'); } catch (error) { complain(error); } }), signal);
  on(root, 'click', '[data-shelve]', (_, button) => busy(button, async () => {
    try {
      const back = it.status === 'archived';
      after(await change({ status: back ? 'active' : 'archived' }), back ? 'Drafts may cite it again.' : 'Archived. No draft cites it any more.');
    } catch (error) { complain(error); }
  }), signal);
  on(root, 'click', '[data-delete]', async () => {
    const gone = await ask({
      title: `Delete ${it.title}?`, confirm: 'Delete article', danger: true, onError: showErrors,
      body: html`<p>All ${plural(it.version, 'version')} go, and no draft finds it any more. Replies that cited it keep what they quoted.</p>${problems}`,
      submit: () => api(address, { method: 'DELETE', signal }),
    });
    if (gone) { toast('Article deleted.'); go('/cx/knowledge'); }
  }, signal);
  poll(async () => {
    if (it.index_status !== 'waiting') return 'same';
    it = await api(address, { signal });
    show();
    return 'changed';
  }, { every: 2_500, signal });
  show();
  await versions();
  $('.article__title', root).focus({ preventScroll: true });
}

// Knowledge: what drafts may rely on. The list, trying a search, adding and importing; one article has its own address.

import { $, debounce, html, on, paint } from '../../lib/dom.js';
import { api, list } from '../../lib/api.js';
import { percent, time } from '../../lib/format.js';
import { icon } from '../../lib/icons.js';
import { lister } from '../../lib/lister.js';
import { poll } from '../../lib/poll.js';
import { busy, empty, failure, more, note } from '../../lib/ui.js';
import { safeUrl } from '../approvals/words.js';
import { article } from './article.js';
import { addForm, importForm, indexBadge } from './article-forms.js';

const TYPING_PAUSE_MS = 250;



const row = (a) => html`<tr class="is-link"><th scope="row"><a href="#/cx/knowledge/${a.id}">${a.title}</a>${a.source && html`<span class="cell-sub">${a.source}</span>`}${a.index_error && html`<span class="cell-sub bad-text">${a.index_error}</span>`}</th>
  <td>${indexBadge(a)}</td><td class="not-phone">${a.language || html`<span class="none">–</span>`}</td><td class="r not-phone">${a.version}</td><td class="r not-phone">${time(a.updated_at)}</td></tr>`;
const table = (rows, cursor) => html`<div class="table-wrap"><table><caption class="sr">Articles</caption><thead><tr><th scope="col">Article</th><th scope="col">State</th><th class="not-phone" scope="col">Language</th><th class="r not-phone" scope="col">Version</th><th class="r not-phone" scope="col">Changed</th></tr></thead><tbody>${rows.map(row)}</tbody></table></div>${more(rows.length, cursor)}`;
const buttons = html`<button class="btn" type="button" id="import" data-import>Import</button><button class="btn btn--primary" type="button" id="add" data-add>${icon('plus')}New article</button>`;
const none = (may) => html`<div class="panel">${empty({ glyphName: 'audits', title: 'No articles yet', text: may ? 'Import what customers are told today: returns, shipping, warranty. Drafts cite these sentences, and say what they do not know.' : 'Drafts cite articles. An admin of your organisation can add or import them.', action: may && buttons })}</div>`;
const noFit = html`<div class="panel">${empty({ glyphName: 'search', title: 'No article has this in its title', text: 'To look into the texts, try a search above.' })}</div>`;

const hit = (h) => html`<li class="hit"><div class="row row--between"><a href="#/cx/knowledge/${h.article_id}">${h.title}</a><span class="small num">near ${percent(Math.round(h.similarity * 1000) / 10)}${h.text_rank !== null && html` · ${h.text_rank}. by words`} · score ${h.score.toFixed(4)}</span></div>
  <blockquote class="said">${h.text}</blockquote><p class="small">Version ${h.version}, ${time(h.updated_at)}${safeUrl(h.url) && html` · <a href="${h.url}" target="_blank" rel="noopener noreferrer">Open the source</a>`}</p></li>`;
const hits = (answer) => html`${answer.note && note('', html`<span>${answer.note}</span>`)}${answer.data.length === 0
  ? html`<p class="meta">Nothing was found. A draft would say that it does not know.</p>`
  : html`<ol class="hits">${answer.data.map(hit)}</ol>`}`;

async function mountList(root, { signal, can, go }) {
  const may = can('knowledge.write');
  let q = '';
  let rows = [];
  const page = { view: (found, cursor) => { rows = found; return found.length > 0 ? table(found, cursor) : q ? noFit : none(may); }, what: 'the articles', signal };
  paint(root, html`<form class="try" id="try" role="search"><label class="label" for="question">What would a draft find?</label><div class="row"><div class="search try__box">${icon('search')}<input class="input" id="question" name="q" maxlength="4000" placeholder="A customer’s question, in any words" autocomplete="off"></div><button class="btn" id="look">Search</button></div></form><div id="hits" role="status"></div>
    <div class="part-head section"><h2>Articles</h2>${may ? html`<div class="row">${buttons}</div>` : html`<span class="small">An admin of your organisation can add articles.</span>`}</div>
    <div class="toolbar"><div class="search">${icon('search')}<label class="sr" for="title">Find a title</label><input class="input" id="title" placeholder="Find a title" autocomplete="off"></div></div><div id="articles"></div>`);
  const articles = lister($('#articles', root), { ...page, fetch: (wish) => list('/api/kb/articles', { q, ...wish, signal }) });
  on(root, 'input', '#title', debounce(TYPING_PAUSE_MS, (_, el) => { q = el.value.trim(); articles.refresh(); }), signal);
  on(root, 'submit', '#try', (event, form) => {
    event.preventDefault();
    const question = new FormData(form).get('q').trim();
    if (!question) return;
    busy($('#look', root), async () => {
      try {
        paint($('#hits', root), hits(await api(`/api/kb/search?${new URLSearchParams({ q: question })}`, { signal, patience: 30_000 })));
      } catch (error) { if (!signal.aborted) paint($('#hits', root), failure(error, 'the search')); }
    });
  }, signal);
  on(root, 'click', '#hits [data-retry]', () => $('#try', root).requestSubmit(), signal);
  on(root, 'click', '[data-add]', async () => { const made = await addForm(signal); if (made) go(`/cx/knowledge/${made.id}`); }, signal);
  on(root, 'click', '[data-import]', async () => { if (await importForm(signal)) articles.refresh({ quiet: true }); }, signal);
  poll(async () => {
    if (!rows.some((a) => a.index_status === 'waiting')) return 'same';
    await articles.refresh({ quiet: true });
    return 'changed';
  }, { every: 3_000, signal });
  await articles.refresh();
}

export default {
  mount: (root, context) => (context.params.id ? article(root, context) : mountList(root, context)),
};

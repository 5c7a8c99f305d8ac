// Writing and importing articles: dialogs, each ending in one request.

import { $, html, on, paint } from '../../lib/dom.js';
import { api } from '../../lib/api.js';
import { plural } from '../../lib/format.js';
import { field, problems, select, showErrors, text } from '../../lib/forms.js';
import { ask, badge } from '../../lib/ui.js';

const FORMATS = [['markdown', 'Markdown'], ['html', 'HTML'], ['csv', 'CSV: title, body, url, language']];
const BY_ENDING = { md: 'markdown', markdown: 'markdown', txt: 'markdown', html: 'html', htm: 'html', csv: 'csv' };
const MOST_BYTES = 3_500_000; // with its wrapping it has to fit into one request

const area = (rows, value = '') => (attributes) => html`<textarea class="input" rows="${rows}" ${attributes}>${value}</textarea>`;

/** Can drafts find it? */
export const indexBadge = (a) => {
  if (a.status === 'archived') return badge('closed', 'Archived');
  if (a.index_status === 'indexed') return badge('active', 'Found');
  return a.index_status === 'failed' ? badge('failed', 'Not indexed') : badge('running', 'Being indexed');
};

const articleFields = (a) => html`${field('title', 'Title', text(a.title))}${field('body', 'Text', area(12, a.body), 'Markdown. Headings help: passages are cut along them.')}
  <div class="pairs">${field('url', 'Address', text(a.url, { type: 'url', placeholder: 'https://' }), 'Where people can read it; optional')}${field('language', 'Language', text(a.language, { placeholder: 'en' }), 'Optional')}</div>${problems}`;
const written = (data) => ({ title: data.get('title').trim(), body: data.get('body'), url: data.get('url').trim(), language: data.get('language').trim() });

export function addForm(signal) {
  const key = crypto.randomUUID();
  return ask({
    title: 'New article', confirm: 'Add article', onError: showErrors, body: articleFields({ title: '', body: '', url: '', language: '' }),
    submit: (data) => api('/api/kb/articles', { method: 'POST', key, signal, body: written(data) }),
  });
}

export const changeForm = (article, signal) => ask({
  title: 'Change article', confirm: 'Save new version', onError: showErrors, body: articleFields(article),
  submit: (data) => api(`/api/kb/articles/${article.id}`, { method: 'PUT', signal, body: { ...written(data), status: article.status, version: article.version } }),
});

const report = (r) => html`<p>${plural(r.created, 'article')} added, ${r.changed} changed, ${r.unchanged} unchanged${r.refused.length > 0 && html`, <span class="bad-text">${r.refused.length} refused</span>`}.</p>
  ${r.refused.length > 0 && html`<div class="table-wrap refused" tabindex="0" role="group" aria-label="Refused rows"><table><thead><tr><th class="r" scope="col">Row</th><th scope="col">Title</th><th scope="col">Why</th></tr></thead><tbody>${r.refused.map((one) => html`<tr><td class="r">${one.row}</td><th scope="row">${one.title || '–'}</th><td>${one.reason}</td></tr>`)}</tbody></table></div>`}
  ${r.created + r.changed > 0 && html`<p class="meta">Drafts find them in a moment, when they are indexed.</p>`}`;

/** Resolves to the report, once the person has read it. */
export async function importForm(signal) {
  let key = crypto.randomUUID();
  const form = ask({
    title: 'Import articles', confirm: 'Import', onError: showErrors,
    body: html`${field('file', 'File', (a) => html`<input class="input input--file" type="file" accept=".md,.markdown,.txt,.html,.htm,.csv" ${a}>`, 'Markdown, HTML or CSV, up to 3.5 MB')}
      ${field('content', 'Or paste the text', area(8))}
      <div class="pairs">${field('format', 'It is', select('markdown', FORMATS))}${field('source', 'Came from', text('', { placeholder: 'Help centre' }), 'Optional. The same source and title again is a new version.')}</div>${problems}`,
    submit: async (data) => {
      const content = data.get('content');
      if (!content.trim()) throw Object.assign(new Error('Choose a file or paste a text.'), { details: [{ field: 'content', message: 'Choose a file or paste a text.' }] });
      return api('/api/kb/import', { method: 'POST', key, signal, patience: 60_000, body: { format: data.get('format'), content, source: data.get('source').trim() } });
    },
  });
  const dialog = $('dialog[open]');
  on(dialog, 'change', '[name=file]', async (_, input) => {
    const [file] = input.files;
    if (!file) return;
    if (file.size > MOST_BYTES) {
      input.value = '';
      showErrors($('form', dialog), { message: 'This file is too large.', details: [{ field: 'file', message: 'This file is larger than 3.5 MB. Split it, or send it with the API.' }] });
      return;
    }
    $('[name=content]', dialog).value = await file.text();
    $('[name=format]', dialog).value = BY_ENDING[file.name.split('.').at(-1).toLowerCase()] ?? 'markdown';
    const source = $('[name=source]', dialog);
    source.value ||= file.name;
    paint($('[data-field=file] .field__error', dialog), '');
  }, signal);
  on(dialog, 'input', 'form', () => { key = crypto.randomUUID(); }, signal); // another wish
  const done = await form;
  if (done) await ask({ title: 'Imported', body: report(done) });
  return done;
}

// New import: a file or pasted text, days of a connected tool, or the conversations of an audit run.

import { $, html, on, paint } from '../lib/dom.js';
import { all, api } from '../lib/api.js';
import { addDays, range, size, today, zoneName } from '../lib/format.js';
import { field, number, problems, select, showErrors } from '../lib/forms.js';
import { icon } from '../lib/icons.js';
import { bar, busy, head } from '../lib/ui.js';
import { upload } from '../lib/upload.js';
import { dressed } from './conversations/tabs.js';

const WAYS = [['file', 'A file'], ['paste', 'Pasted text'], ['chatwoot', 'Chatwoot'], ['intercom', 'Intercom'], ['audit', 'An audit run']];
const FORMATS = [['', 'By its name and content'], ['csv', 'CSV'], ['jsonl', 'JSON lines'], ['json', 'JSON']];
const TYPES = { csv: 'text/csv', jsonl: 'application/x-ndjson', json: 'application/json' };
const INLINE_BYTES = 1_000_000; // more goes straight to the file store
const LARGEST_MB = 200;
const MOST_RUNS = 200;

/** By its name; else by how it begins: one object or a list is JSON, an object a line is JSON lines, a table is CSV. */
function formatOf(name, text) {
  const ending = name.toLowerCase().split('.').pop();
  if (ending === 'csv' || ending === 'json') return ending;
  if (ending === 'jsonl' || ending === 'ndjson') return 'jsonl';
  const start = text.trimStart();
  if (start.startsWith('[')) return 'json';
  if (!start.startsWith('{')) return 'csv';
  const lines = start.split('\n').filter((line) => line.trim());
  return lines.length > 1 && lines.slice(0, 2).every((line) => { try { JSON.parse(line); return true; } catch { return false; } }) ? 'jsonl' : 'json';
}

const amount = field('limit', 'At most', number(null, { min: 1, step: 1 }), 'Optional');
const format = (hint) => field('format', 'Format', select('', FORMATS), hint);
const days = () => html`<div class="run-row import-days">${field('from', 'From', (a) => html`<input class="input" type="date" ${a} value="${addDays(today(), -7)}" max="${today()}" required>`)}
  ${field('to', 'To', (a) => html`<input class="input" type="date" ${a} value="${addDays(today(), -1)}" max="${today()}" required>`, zoneName())}${amount}</div>`;

const PARTS = {
  file: () => html`${field('content', 'File', (a) => html`<input class="input input--file" type="file" ${a} accept=".csv,.json,.jsonl,.ndjson,text/csv,application/json">`, `CSV, JSON or JSON lines, up to ${LARGEST_MB} MB`)}${format('')}`,
  paste: () => html`${field('content', 'Text', (a) => html`<textarea class="input mono" rows="12" ${a} spellcheck="false" placeholder="conversation_id,role,author,text,at"></textarea>`)}${format('')}`,
  chatwoot: days,
  intercom: days,
  audit: (runs) => (runs.length === 0 ? html`<p class="meta">No audit run has ended yet.</p>`
    : html`<div class="run-row import-days">${field('job_id', 'Audit run', select('', runs.map((job) => [job.id, `${job.scorecard_name}, ${range(job.start_date, job.end_date)}`])))}${amount}</div>`),
};

const HELP = html`<details class="disclosure"><summary>${icon('right', 12)}What a file may look like</summary><div class="stack meta">
  <p><b>CSV</b> A row for each turn, with <span class="mono">conversation_id</span>, <span class="mono">role</span> and <span class="mono">text</span>; also <span class="mono">author</span>, <span class="mono">at</span>, <span class="mono">title</span>, <span class="mono">channel</span>, <span class="mono">customer_name</span>, <span class="mono">customer_email</span>. The rows of a conversation stand together. Or one row for each conversation, with a <span class="mono">transcript</span> of lines such as <span class="mono">Customer: Hello</span>.</p>
  <p><b>JSON</b> A list of conversations, each with <span class="mono">turns</span> (or <span class="mono">messages</span>). <b>JSON lines</b> One of them a line.</p>
  <p>Roles are customer, agent, bot, note and system; the usual other words for them are understood. What is no conversation is refused with its row number, the others are stored.</p></div></details>`;

export default {
  title: () => 'Import conversations',
  async mount(root, { signal, go }) {
    const [runs] = await Promise.all([all('/api/massive-ai-audit/jobs', { status: 'completed', most: MOST_RUNS, signal }).catch((error) => { if (error.status === 401) throw error; return []; }), dressed()]);
    let way = 'file';
    let key = crypto.randomUUID(); // one wish: pressed again after a lost answer, it is the same import
    paint(root, html`${head({ crumbs: [['Conversations', '#/conversations'], ['Imports', '#/conversations/imports']], title: 'Import conversations', lead: 'The work goes on by itself; its page says what was refused, and why.' })}
      <form class="stack import-form" id="import" novalidate><div class="seg seg--wrap" role="group" aria-label="Where from" id="ways"></div><div class="stack" id="part"></div>${problems}<div id="sending" aria-live="polite"></div>
        <div class="row"><button class="btn btn--primary" id="go">Import</button><a class="btn btn--quiet" href="#/conversations/imports">Back</a></div>${HELP}</form>`);
    const form = $('#import', root);
    const show = () => {
      paint($('#ways', root), html`${WAYS.map(([id, name]) => html`<button type="button" id="way-${id}" data-way="${id}" aria-pressed="${String(way === id)}">${name}</button>`)}`);
      paint($('#part', root), PARTS[way](runs));
      $('#go', root).disabled = way === 'audit' && runs.length === 0;
    };
    const wrong = (name, message) => Object.assign(new Error(message), { details: [{ field: name, message }] });
    const told = (share) => paint($('#sending', root), share === null ? '' : html`<p class="meta">Sending the file: ${Math.floor(share * 100)}%</p>${bar([['done', share * 100]], `${Math.floor(share * 100)}% sent`, true)}`);

    /** What the API is asked for; large files are sent first. */
    async function wish(data) {
      const limit = data.get('limit') ? { limit: Number(data.get('limit')) } : {};
      if (way === 'audit') return { source: 'audit', job_id: data.get('job_id'), ...limit };
      if (way === 'chatwoot' || way === 'intercom') {
        if (!data.get('from') || !data.get('to')) throw wrong(data.get('from') ? 'to' : 'from', 'Choose both days.');
        return { source: way, from: data.get('from'), to: data.get('to'), ...limit };
      }
      if (way === 'paste') {
        if (!data.get('content').trim()) throw wrong('content', 'Paste some conversations first.');
        return { format: data.get('format') || formatOf('', data.get('content')), content: data.get('content') };
      }
      const file = data.get('content');
      if (!file?.size) throw wrong('content', file?.name ? 'This file is empty. Choose another one.' : 'Choose a file first.');
      if (file.size > LARGEST_MB * 1_048_576) throw wrong('content', `This file has ${size(file.size)}; ${LARGEST_MB} MB are the most. Cut it in two.`);
      const kind = data.get('format') || formatOf(file.name, await file.slice(0, 20_000).text());
      if (file.size <= INLINE_BYTES) return { format: kind, content: await file.text() };
      told(0);
      return { format: kind, upload_id: await upload(file, { purpose: 'import', type: TYPES[kind], signal, progress: told }) };
    }

    on(root, 'click', '[data-way]', (_, button) => { way = button.dataset.way; key = crypto.randomUUID(); show(); }, signal);
    form.addEventListener('input', () => { key = crypto.randomUUID(); }, { signal });
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      busy($('#go', root), async () => {
        try {
          const made = await api('/api/conversations/import', { method: 'POST', key, signal, body: await wish(new FormData(form)) });
          go(`/conversations/imports/${made.id}`);
        } catch (error) {
          if (signal.aborted) return;
          told(null);
          if (!error.retryable) key = crypto.randomUUID();
          showErrors(form, error);
        }
      });
    }, { signal });
    show();
  },
};

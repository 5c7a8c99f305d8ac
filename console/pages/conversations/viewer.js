// One conversation, raw and enriched side by side: what was replaced, what was left out, what the model says of each turn.

import { html } from '../../lib/dom.js';
import { clock, cost, count, day, decimal, duration, humanise, moment, percent, plural, ratio, size, time } from '../../lib/format.js';
import { icon } from '../../lib/icons.js';
import { diffWords, PLACEHOLDER } from '../../lib/text.js';
import { confidence, note } from '../../lib/ui.js';
import { changed } from './align.js';
import { languageName } from './words.js';

const none = html`<span class="none">–</span>`;
const ROLES = { customer: 'Customer', agent: 'Agent', bot: 'Bot', note: 'Note', system: 'System' };
const MOODS = { positive: 'good-text', negative: 'bad-text', neutral: '' };
const MOST_DRAWN = 200;
const each = new RegExp(`(${PLACEHOLDER.source})`);

// -- text -------------------------------------------------------------------

const kindOf = (placeholder) => humanise(placeholder.slice(1).replace(/_\d.*$/, ''));
/** Placeholders lit, everything else as it is. */
const marked = (text) => text.split(each).map((part, i) => (i % 2 ? html`<mark class="veil" title="${kindOf(part)}, replaced">${part}</mark>` : part));

/** The raw words, with what enrichment took away. */
const before = (parts) => parts.filter((p) => p.op !== 'add').map((p) => (p.op === 'same' || !p.text.trim() ? p.text : html`<del>${p.text}</del>`));
/** The enriched words, with what enrichment put in. */
const after = (parts) => parts.filter((p) => p.op !== 'del').map((p) => (p.op === 'same' || !p.text.trim() ? p.text : p.text.split(each).map((piece, i) => (i % 2 ? marked(piece) : piece && (piece.trim() ? html`<ins>${piece}</ins>` : piece)))));

// -- turns ------------------------------------------------------------------

const chip = (label, value, tone = '') => html`<span class="label-chip"><span class="sr">${label}: </span><span class="${tone}">${value}</span></span>`;
const signed = (n) => `${n > 0 ? '+' : n < 0 ? '−' : ''}${ratio(Math.abs(n))}`;

function labels(turn) {
  if (!turn.intent) return turn.text ? html`<p class="small">The model gave this turn no labels.</p>` : '';
  const mood = turn.sentiment;
  return html`<p class="labels">${chip('Intent', humanise(turn.intent))}
    ${mood && html`<span class="label-chip ${MOODS[mood.label]}" title="The model ${signed(mood.score)}${mood.vader !== null && `, VADER ${signed(mood.vader)}`}"><span class="sr">Sentiment: </span>${humanise(mood.label)} <span class="num">${signed(mood.score)}</span></span>`}
    ${turn.emotion && turn.emotion !== 'neutral' && chip('Emotion', humanise(turn.emotion))}
    ${turn.policy_flags.map((flag) => html`<span class="label-chip label-chip--flag">${icon('flag', 12)}<span class="sr">Policy: </span>${humanise(flag)}</span>`)}
    ${turn.entities.filter((e) => e.type !== 'placeholder').map((e) => html`<span class="label-chip label-chip--entity"><span class="small">${humanise(e.type)}</span> ${marked(e.text)}</span>`)}</p>`;
}

const said = (text) => (text ? html`<p class="pair__text">${text}</p>` : html`<p class="pair__text none">No words</p>`);
const files = (list) => (list?.length > 0 ? html`<p class="small">${plural(list.length, 'attachment')}</p>` : '');

function row(pair, previous, n, findings) {
  const { raw, rich } = pair;
  const role = rich?.role ?? raw.role;
  const at = rich?.at ?? (raw?.at && !Number.isNaN(Date.parse(raw.at)) ? raw.at : null);
  const last = previous?.rich?.at ?? previous?.raw?.at;
  const newDay = at && (!last || Number.isNaN(Date.parse(last)) || day(last) !== day(at));
  const differs = raw && rich && raw.text !== rich.text;
  const parts = differs ? diffWords(raw.text, rich.text) : null;
  const own = findings.filter((f) => f.turn_id === pair.id || (rich && f.turn_id === rich.id));
  return html`<li class="pair pair--${role} ${changed(pair) && 'is-changed'}" id="turn-${n}" tabindex="-1" data-turn>
    <div class="pair__who"><b>${ROLES[role] ?? role}</b>${raw && rich && raw.role !== rich.role && html`<s class="small">${raw.role || 'no role'}</s>`}${at && time(at, newDay ? moment : clock)}</div>
    <div class="pair__raw">${raw ? html`<span class="small">${raw.author}</span>${said(parts ? before(parts) : raw.text)}${files(raw.attachments)}` : html`<p class="small">Not in the raw document</p>`}</div>
    <div class="pair__rich">${rich ? html`<span class="small">${marked(rich.author)}</span>${said(parts ? after(parts) : marked(rich.text))}${labels(rich)}` : html`<p class="small">Left out</p>`}
      ${own.map((f) => html`<p class="small ${f.level === 'error' ? 'bad-text' : 'warn-text'}">${f.reason}</p>`)}</div></li>`;
}

/** `only`: turns that changed. At most 200 are drawn at first. */
export function turns(pairs, { drawn, only, side, findings }) {
  const shown = only ? pairs.filter(changed) : pairs;
  const most = Math.max(drawn, MOST_DRAWN);
  if (shown.length === 0) return html`<p class="meta">${only ? 'No turn was changed.' : 'Nobody said anything.'}</p>`;
  return html`<div class="pairs-head" aria-hidden="true"><span></span><span class="pair__raw">Raw</span><span class="pair__rich">Enriched</span></div>
    <ol class="pair-list pair-list--${side}">${shown.slice(0, most).map((pair, i) => row(pair, shown[i - 1], i, findings))}</ol>
    ${shown.length > most && html`<div class="table-foot"><span>Showing ${count(most)} of ${count(shown.length)} turns</span><button class="btn btn--small" type="button" id="more-turns" data-more-turns>Show more</button></div>`}`;
}

export const legend = html`<p class="small legend"><mark class="veil">&lt;EMAIL_1&gt;</mark> stands for the same personal value wherever it stands. <span class="diff"><del>Struck</del></span> words left, <span class="diff"><ins>underlined</ins></span> ones came.</p>`;

// -- beside the turns -------------------------------------------------------

const line = (term, value) => html`<div><dt>${term}</dt><dd>${value}</dd></div>`;
const word = (value) => (value ? humanise(value) : none);

export function overall({ overall: o, metrics: m }) {
  return html`<section class="side-part side-part--sum" aria-label="As a whole"><h2>As a whole</h2><p class="side-part__sum">${marked(o.summary)}</p>
    ${o.policy_flags.length > 0 && note('warn', html`<strong>${o.policy_flags.map(humanise).join(', ')}</strong>`, 'flag')}
    <dl class="ledger">${line('Topic', marked(o.topic))}${line('Language', languageName(o.language))}
      ${line('Sentiment', html`<span class="${MOODS[o.sentiment]}">${word(o.sentiment)}</span> ${signed(o.sentiment_score)}`)}
      ${line('Resolution', word(o.resolution))}${line(html`Effort<small>1 easy, 5 very hard</small>`, decimal(o.effort))}${line(html`CSAT, predicted<small>1 to 5</small>`, decimal(o.predicted_csat))}
      ${Object.entries(o.quality).map(([name, mark]) => line(humanise(name), `${decimal(mark)} of 5`))}
      ${line('Confidence', confidence(o.confidence))}</dl>
    <details class="disclosure"><summary>${icon('right', 12)}Counted</summary><dl class="ledger">
      ${line('Turns', html`${count(m.turns)}<small> ${count(m.customer_turns)} customer, ${count(m.agent_turns)} agent</small>`)}${line('Words', count(m.words))}
      ${line('Agent’s share of the words', m.agent_share === null ? none : percent(m.agent_share * 100))}${line('Questions of the customer', count(m.customer_questions))}
      ${line('Duration', duration(m.duration_seconds))}${line('First answer after', duration(m.first_response_seconds))}${line('An answer takes, mostly', duration(m.median_response_seconds))}${line('Attachments', count(m.attachments))}</dl></details></section>`;
}

export function provenance({ provenance: p, validation: v }) {
  const replaced = Object.entries(p.redactions);
  return html`<section class="side-part" aria-label="How it came about"><h2>How it came about</h2>
    <dl class="ledger">${line('Model', html`<span class="mono">${p.model}</span>`)}${line('Provider', p.provider)}${line('Prompt', html`<span class="mono" title="${p.prompt_hash}">${p.prompt_version}</span>`)}
      ${line('Cost', html`${cost(p.cost_usd)}<small> ${plural(p.calls, 'call')}</small>`)}${line('Enriched', time(p.enriched_at))}${line('Pipeline', p.pipeline_version)}
      ${p.windows > 1 && line('Read in', plural(p.windows, 'part'))}${line('Turns labelled', percent(v.labelled_share * 100))}
      ${line('Personal data replaced', replaced.length > 0 ? replaced.map(([kind, n]) => `${count(n)} ${humanise(kind).toLowerCase()}`).join(', ') : 'none found')}</dl>
    ${p.suspicions > 0 && note('warn', html`<strong>${plural(p.suspicions, 'text')} tried to instruct the model</strong><span>Read the labels of this conversation with care.</span>`)}</section>`;
}

/** What validation found, all of it. Turns are named as they are in the list. */
export function report(findings, title) {
  if (findings.length === 0) return '';
  return html`<section class="side-part" aria-label="${title}"><h2>${title}</h2><ul class="findings">${findings.map((f) => html`<li class="${f.level === 'error' ? 'bad-text' : ''}">${icon(f.level === 'error' ? 'alert' : 'info', 14)}<span>${f.turn_id && html`<span class="mono">${f.turn_id}</span> `}${f.reason}</span></li>`)}</ul></section>`;
}

export const tooLarge = (what, bytes) => note('', html`<strong>The ${what} document is too large to be shown here</strong><span>${bytes ? `It has ${size(bytes)}. ` : ''}Download it to read it.</span>`);

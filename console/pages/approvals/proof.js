// What stands behind a draft: its claims with their sources, risk, checks, what it was shown, and the way back.

import { html } from '../../lib/dom.js';
import { day, moment, money, plural, ratio } from '../../lib/format.js';
import { icon } from '../../lib/icons.js';
import { segments } from '../../lib/text.js';
import { safeUrl, stateBadge } from './words.js';

const KINDS = { article: 'Article', past_reply: 'Past reply' };
const GROUPS = [['tone', 'Tone'], ['citations', 'Sources'], ['staleness', 'Freshness'], ['injection', 'Foreign instructions'], ['safety', 'Safety']];

const section = (title, body, extra = '') => html`<section class="proof"><h3 class="drawer__sub">${title}${extra}</h3>${body}</section>`;

const AROUND = 160; // characters of a long passage left and right of the quote
const LONG_PASSAGE = 480;

const marked = (text, quote) => (quote ? segments(text, [{ text: quote }]) : [{ text, quotes: [] }]).map((p) => (p.quotes.length > 0 ? html`<mark class="quote">${p.text}</mark>` : html`${p.text}`));

/** The sentence a claim stands on, in its surroundings; the whole passage is one press away. */
function excerpt({ excerpt: passage }, quote) {
  const at = quote ? passage.indexOf(quote) : -1;
  if (passage.length <= LONG_PASSAGE) return html`<blockquote>${marked(passage, quote)}</blockquote>`;
  const from = Math.max(0, at - AROUND);
  const to = at < 0 ? LONG_PASSAGE : Math.min(passage.length, at + quote.length + AROUND);
  return html`<blockquote>${from > 0 && '… '}${marked(passage.slice(from, to).trim(), quote)}${to < passage.length && ' …'}</blockquote><details class="disclosure"><summary class="small">${icon('right', 12)}Whole passage</summary><blockquote>${marked(passage, quote)}</blockquote></details>`;
}

const about = (source) => html`${KINDS[source.kind] ?? source.kind} · match ${ratio(source.score)}${source.updated_at && html` · as of ${day(source.updated_at)}`}`;

const sourceBox = (source, quote, open) => html`<details class="source" ${open && 'open'}><summary><span class="source__title">${icon('right', 12)}${source.title}</span><span class="small">${about(source)}</span></summary>${excerpt(source, quote)}
  ${safeUrl(source.url) && html`<a class="small" href="${source.url}" target="_blank" rel="noopener noreferrer">Open the source${icon('out', 12)}</a>`}</details>`;

function claim({ claim: text, source_id: id, quote }, sources, open) {
  const source = sources.find((s) => s.id === id);
  return html`<li class="claim"><span class="${source ? 'good-text' : 'bad-text'}">${icon(source ? 'check' : 'alert', 14)}</span><div><p>${text}</p>${source ? sourceBox(source, quote, open) : html`<p class="small bad-text">No source says this. Check it before it goes out.</p>`}</div></li>`;
}

function evidence(detail) {
  const unused = detail.sources.filter((s) => !detail.evidence.some((e) => e.source_id === s.id));
  return html`${detail.evidence.length > 0
    ? html`<ul class="claims">${detail.evidence.map((e, i) => claim(e, detail.sources, i === 0))}</ul>`
    : html`<p class="meta">The draft states no fact that would need a source.</p>`}
    ${detail.unknowns.length > 0 && html`<div class="unknowns"><p class="label">It does not know</p><ul class="reasons">${detail.unknowns.map((u) => html`<li>${u}</li>`)}</ul></div>`}
    ${unused.length > 0 && html`<details class="disclosure"><summary>${icon('right', 14)}${plural(unused.length, 'more source')}, given and not used</summary><div class="stack">${unused.map((s) => sourceBox(s, '', false))}</div></details>`}`;
}

const check = (c) => html`<li class="${!c.ok && 'warn-text'}">${icon(c.ok ? 'check' : 'alert', 14)}<span>${c.reason}<span class="sr">${c.ok ? ' (passed)' : ' (not passed)'}</span></span></li>`;

/** What failed first and in sight; what passed behind a press. */
function checks(validation) {
  const failed = validation.filter((c) => !c.ok);
  const passed = validation.filter((c) => c.ok);
  const grouped = (some) => GROUPS.map(([id, name]) => [name, some.filter((c) => c.group === id)]).filter(([, found]) => found.length > 0);
  const shown = (some) => grouped(some).map(([name, found]) => html`<div class="checks__group"><p class="small">${name}</p><ul class="checks">${found.map(check)}</ul></div>`);
  return html`${failed.length > 0 ? shown(failed) : html`<p class="meta">All ${plural(passed.length, 'check')} passed.</p>`}
    ${passed.length > 0 && html`<details class="disclosure"><summary>${icon('right', 14)}${plural(passed.length, 'check')} passed</summary>${shown(passed)}</details>`}`;
}

const earlier = (e) => html`<li class="earlier"><div class="row row--between"><span class="small">Draft ${e.number} · ${moment(e.created_at)}</span>${stateBadge(e.status)}</div>${e.instruction && html`<p class="small">Asked for: ${e.instruction}</p>`}<blockquote class="said">${e.reply}</blockquote><button class="btn btn--small btn--quiet" type="button" id="use-${e.id}" data-use="${e.id}">Use this text</button></li>`;

export function proof(detail, mayUse) {
  const spent = detail.from_cache ? 'from the cache, at no cost' : detail.cost_usd < 0.01 ? 'under $0.01' : money(detail.cost_usd);
  return html`${section('Evidence', evidence(detail))}
    ${section('Risk', html`<ul class="reasons">${detail.risk_reasons.length > 0 ? detail.risk_reasons.map((r) => html`<li>${r}</li>`) : html`<li>No particular risk was found.</li>`}</ul>`)}
    ${section('Checks', checks(detail.validation))}
    ${detail.rollback && section('If it was wrong', html`<p class="reasons">${detail.rollback}</p>`)}
    ${detail.earlier.length > 0 && section('Earlier drafts', html`<ol class="stack ${!mayUse && 'is-readonly'}">${detail.earlier.map(earlier)}</ol>`)}
    ${detail.examples.length > 0 && html`<section class="proof"><details class="disclosure"><summary>${icon('right', 14)}${plural(detail.examples.length, 'example')} it was shown</summary><div class="stack">${detail.examples.map((e) => html`<blockquote class="said">${e}</blockquote>`)}</div></details></section>`}
    <p class="small proof__made">Draft ${detail.number}, ${moment(detail.created_at)}${detail.instruction && html`, asked for: “${detail.instruction}”`}. ${detail.model}, prompt ${detail.prompt_version}${detail.variant && html`, variant ${detail.variant}`}, ${spent}.</p>`;
}


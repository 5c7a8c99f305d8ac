// What one audit looks like: verdict, criteria, transcript. The two sides point at each other by number.

import { html } from '../../lib/dom.js';
import { clock, day, moment, plural, score, time } from '../../lib/format.js';
import { icon } from '../../lib/icons.js';
import { segments } from '../../lib/text.js';
import { badge, confidence, note } from '../../lib/ui.js';
import { lost, reading } from './marks.js';

const ROLES = { agent: 'Agent', client: 'Client', note: 'Note', bot: 'Bot' };

// -- transcript -------------------------------------------------------------

const when = (at) => (typeof at === 'number' ? new Date(at * 1000).toISOString() : at);

function ref(q) {
  return html`<button class="ref ${q.lost && 'ref--lost'}" type="button" data-to-criterion="${q.criterion.id}" aria-label="Criterion ${q.n}: ${q.criterion.label}">${q.n}</button>`;
}

function piece(s) {
  if (s.quotes.length === 0) return html`${s.text}`;
  const marks = s.quotes.filter((q) => q.criterion);
  const kind = marks.length === 0 ? 'quote--suspect' : marks.some((q) => q.lost) ? 'quote--lost' : '';
  return html`<mark class="quote ${kind}" data-of="${marks.map((q) => q.criterion.id).join(' ')}" ${marks.length === 0 && html`title="Tries to steer whoever rates this chat"`}>${s.text}</mark>${s.ends.filter((q) => q.criterion).map(ref)}`;
}

function turn(t, before, quotes) {
  const at = when(t.at);
  const newDay = at && (!before?.at || day(when(before.at)) !== day(at));
  return html`<li class="turn turn--${t.role}"><div class="turn__who"><b>${ROLES[t.role] ?? t.role}</b><span>${t.author}</span>${at && time(at, newDay ? moment : clock)}</div><p class="turn__text">${segments(t.text, quotes.filter((q) => q.part_id === t.part_id)).map(piece)}</p></li>`;
}

function judgedBy({ provenance: p }, link) {
  const judge = p.model ? html`Judged by <span class="mono">${p.model}</span>${p.prompt_version && html`, prompt <span class="mono">${p.prompt_version}</span>`}` : p.engine === 'n8n' ? html`Judged by the n8n workflow${p.n8n_execution_id && html`, execution <span class="mono">${p.n8n_execution_id}</span>`}` : 'Judged by the AI';
  return html`<p class="small">${judge}, scorecard ${link}.${p.windows > 1 && ` The chat was read in ${p.windows} parts.`}</p>`;
}

/** Lines that try to steer whoever rates the chat: whole where the transcript has them so, else the part that was found. */
function suspects(audit) {
  const found = (audit.provenance.guard?.suspects ?? []).filter((s) => !s.in_name).map((s) => {
    const whole = s.line && audit.transcript?.find((t) => t.part_id === s.part_id)?.text.includes(s.line);
    return whole ? { part_id: s.part_id, text: s.line } : s;
  });
  return found.filter((s, i) => found.findIndex((other) => other.part_id === s.part_id && other.text === s.text && other.start === s.start) === i);
}

export function transcript(audit, link) {
  const quotes = [
    ...audit.criteria.flatMap((c, i) => c.quotes.map((q) => ({ ...q, n: i + 1, criterion: c, lost: lost(c) }))),
    ...suspects(audit),
  ];
  const turns = audit.transcript ?? [];
  return html`${audit.ai_notes && html`<p class="audit__sum">${audit.ai_notes}</p>`}
    ${turns.length === 0 ? note('', html`<strong>No transcript came with this audit</strong><span>Its quotes could not be checked. Read the chat itself before you rely on a mark.</span>`)
      : html`<ol class="turns">${turns.map((t, i) => turn(t, turns[i - 1], quotes))}</ol>
      <p class="small legend"><mark class="quote">supports a mark</mark> <mark class="quote quote--lost">cost points</mark> Every highlighted sentence was found word for word in the chat.</p>`}
    ${judgedBy(audit, link)}`;
}

// -- criteria ---------------------------------------------------------------

const by = (override) => html`<p class="crit__change">AI: <s>${override.ai}</s> · changed by ${override.by}, ${time(override.at)}</p>`;

function flag(c) {
  if (c.status === 'unsupported') return html`<div class="crit__flag">${badge('unsupported')}<span class="small">No sentence in the chat proves this mark. It lowers the confidence.</span></div>`;
  if (c.status === 'unverified' && c.earned !== null) return html`<div class="crit__flag">${badge('unverified')}<span class="small">There was no transcript to check it against.</span></div>`;
  return '';
}

function criterion(c, i, reviews) {
  const open = c.status !== 'supported';
  return html`<li class="crit ${lost(c) && 'crit--lost'} ${open && 'crit--open'}" data-crit="${c.id}" tabindex="-1">
    <div class="crit__head"><span class="crit__n">${i + 1}</span><h3>${c.label}</h3>${c.critical && html`<span class="tag">critical</span>`}<span class="crit__mark num ${lost(c) && !open && 'bad-text'}">${reading(c, c.value)}</span></div>
    ${c.override && by({ ...c.override, ai: reading(c, c.ai_value) })}
    ${c.reason && html`<p>${c.reason}</p>`}
    ${c.quotes.map((q, k) => html`<button class="crit__quote" type="button" data-to-quote="${c.id}" data-k="${k}" aria-label="Show in the chat: ${q.text}"><span>${q.text}</span>${icon('right', 12)}</button>`)}
    ${flag(c)}
    ${reviews.filter((r) => r.marks[c.id] !== undefined).map((r) => html`<p class="crit__change">${r.reviewer}: <b>${reading(c, r.marks[c.id])}</b></p>`)}</li>`;
}

export const criteria = (audit) => html`<ol class="crits">${audit.criteria.map((c, i) => criterion(c, i, audit.reviews))}</ol>
  ${audit.reviews.filter((r) => r.note).map((r) => note('', html`<strong>${r.reviewer}</strong><span>${r.note}</span><span class="small">${time(r.created_at)}</span>`))}`;

// -- verdict ----------------------------------------------------------------

function held(audit) {
  return note('warn', html`<strong>Held for a person</strong><span>${audit.held_reason}</span><span class="small">${audit.score !== null && 'The score is provisional. '}${audit.employee_name || 'The audited person'} does not see this audit.</span>`);
}

const named = (audit, ids) => ids.map((id) => audit.criteria.find((c) => c.id === id)?.label ?? id).join(', ');

function dispute(audit) {
  const d = audit.dispute;
  const asked = html`<span>${d.opened_by}: ${d.reason}</span>${d.criteria.length > 0 && html`<span class="small">About: ${named(audit, d.criteria)}</span>`}`;
  if (d.status === 'open') {
    return note('info', html`<strong>Dispute open since ${moment(d.created_at)}</strong>${asked}
      ${audit.may_review ? html`<div class="row"><button class="btn btn--small btn--primary" type="button" id="decide" data-decide>Decide</button></div>` : html`<span class="small">An admin answers it. Both sides stay on the audit.</span>`}`, 'flag');
  }
  const changed = Object.keys(d.changes);
  return note('', html`<strong>Dispute ${d.status}, ${moment(d.resolved_at)}</strong><span>${d.resolved_by}: ${d.resolution}</span>
    ${changed.length > 0 && html`<span class="small">Changed: ${named(audit, changed)}</span>`}
    <details class="disclosure"><summary>${icon('right', 12)}What was disputed</summary>${asked}</details>`, d.status === 'accepted' ? 'check' : 'info');
}

export function verdict(audit, link) {
  const isHeld = audit.verdict === 'held';
  const moved = audit.ai_score !== audit.score || audit.ai_verdict !== audit.verdict;
  const critical = audit.criteria.filter((c) => c.critical && lost(c));
  return html`<div class="verdict">
    <div class="verdict__score"><span class="verdict__n num ${audit.verdict === 'failed' && 'bad-text'} ${isHeld && 'is-open'}">${score(audit.score)}</span><span class="meta">${audit.score === null ? 'no score yet, ' : html`${isHeld && 'provisional, '}of 100, `}pass at ${score(audit.pass_threshold)}</span></div>
    <dl class="ledger"><div><dt>Verdict</dt><dd>${badge(audit.verdict ?? audit.outcome)}</dd></div>
      ${moved && html`<div><dt>The AI said</dt><dd>${score(audit.ai_score)}, ${audit.ai_verdict ?? 'no verdict'}</dd></div>`}
      ${audit.ai_confidence_score !== null && html`<div><dt>Confidence</dt><dd>${confidence(audit.ai_confidence_score)}</dd></div>`}
      <div><dt>Scorecard</dt><dd class="ledger__name">${link}</dd></div><div><dt>Judged</dt><dd>${time(audit.audit_date)}</dd></div></dl>
    ${isHeld && held(audit)}
    ${audit.verdict === 'failed' && critical.length > 0 && note('bad', html`<strong>${plural(critical.length, 'critical criterion', 'critical criteria')} failed</strong><span>The audit fails whatever the score.</span>`)}
    ${audit.late && note('', html`<span>This result came after its run had ended. It is kept, and counts in no figure of the run.</span>`)}
    ${audit.dispute && dispute(audit)}
  </div>`;
}

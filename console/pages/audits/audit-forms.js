// What people do with an audit: contest it, decide a dispute, mark it themselves. Each a dialog that ends in one request.

import { $, html, on } from '../../lib/dom.js';
import { api } from '../../lib/api.js';
import { check, field, problems, showErrors } from '../../lib/forms.js';
import { ask } from '../../lib/ui.js';
import { markField, marksIn, reading } from './marks.js';

const area = (rows) => (attributes) => html`<textarea class="input" rows="${rows}" ${attributes}></textarea>`;
const SHORTEST_REASON = 20;

/** A reason that is too short is not sent. */
function refuseShort(name, value, least, message) {
  if (value.trim().length >= least) return;
  throw Object.assign(new Error(message), { details: [{ field: name, message }] });
}

export function disputeForm(audit, current, signal) {
  const key = crypto.randomUUID();
  return ask({
    title: 'Dispute this audit', confirm: 'Send dispute', onError: showErrors,
    body: html`<p class="meta">An admin reads your reason beside the chat and may change the marks. Both sides stay on record.</p>
      <fieldset class="field stack"><legend class="label">What is wrong?</legend>${audit.criteria.map((c, i) => check('criteria', `${i + 1}. ${c.label}`, c.id === current, { value: c.id }))}</fieldset>
      ${field('reason', 'Your reason', area(4), `At least ${SHORTEST_REASON} characters. Point at the sentence you mean.`)}${problems}`,
    submit: (data) => {
      refuseShort('reason', data.get('reason'), SHORTEST_REASON, `Write at least ${SHORTEST_REASON} characters, so that an admin can follow you.`);
      return api(`/api/audits/${audit.id}/dispute`, { method: 'POST', key, signal, body: { reason: data.get('reason').trim(), criteria: data.getAll('criteria') } });
    },
  });
}

/** Criteria with their options: the audit itself does not carry them. */
export async function scorecardOf(audit, signal) {
  const card = await api(`/api/scorecards/${audit.scorecard_id}?version=${audit.scorecard_version}`, { signal });
  return card.criteria;
}

export function resolveForm(audit, card, signal) {
  const key = crypto.randomUUID();
  const { dispute } = audit;
  const contested = (c) => dispute.criteria.includes(c.id);
  const marks = [...card].sort((a, b) => contested(b) - contested(a));
  const now = (c) => { const judged = audit.criteria.find((one) => one.id === c.id); return html`Now ${reading(c, judged?.value)}${contested(c) && ' · disputed'}`; };
  const decided = ask({
    title: 'Decide this dispute', confirm: 'Accept dispute', onError: showErrors,
    body: html`<blockquote class="said">${dispute.reason}<span class="small">${dispute.opened_by}</span></blockquote>
      <fieldset class="field"><legend class="sr">Decision</legend><div class="row row--choices"><label class="check"><input type="radio" name="decision" value="accepted" checked><span>Accept, and change marks</span></label><label class="check"><input type="radio" name="decision" value="rejected"><span>Reject; the marks stay</span></label></div></fieldset>
      <div class="pairs" id="changes">${marks.map((c) => markField('changes', c, null, { nothing: 'Leave as it is', hint: now(c) }))}</div>
      ${field('resolution', 'What the person is told', area(3), 'They get it as a notification and by e-mail.')}${problems}`,
    submit: (data) => {
      refuseShort('resolution', data.get('resolution'), 1, 'Say why, in a sentence or two.');
      const accepted = data.get('decision') === 'accepted';
      return api(`/api/disputes/${dispute.id}/resolve`, {
        method: 'POST', key, signal,
        body: { decision: data.get('decision'), resolution: data.get('resolution').trim(), ...(accepted && { changes: marksIn(data, 'changes', card) }) },
      });
    },
  });
  const dialog = $('dialog[open]');
  on(dialog, 'change', '[name=decision]', (_, radio) => {
    const accepts = radio.value === 'accepted';
    $('#changes', dialog).hidden = !accepts;
    $('[data-confirm]', dialog).textContent = accepts ? 'Accept dispute' : 'Reject dispute';
  }, signal);
  return decided;
}

export function reviewForm(audit, card, me, signal) {
  const isHeld = audit.verdict === 'held';
  const mine = audit.reviews.find((r) => r.reviewer === me.email);
  const key = crypto.randomUUID();
  return ask({
    title: mine ? 'Change your marks' : 'Your own marks', confirm: 'Save marks', onError: showErrors,
    body: html`<p class="meta">${isHeld ? 'This audit has no score yet. With every mark set, yours can be its result.' : 'They change no score.'} They show, in Calibration, how far people and the AI agree.</p>
      <div class="pairs">${card.map((c) => markField('marks', c, mine?.marks[c.id], { nothing: 'Not marked' }))}</div>
      ${field('note', 'Note', (a) => html`<textarea class="input" rows="3" ${a}>${mine?.note ?? ''}</textarea>`, 'Optional')}
      ${isHeld && check('publish', 'Publish with these marks', false, { hint: `${audit.employee_name || 'The audited person'} then sees the audit` })}${problems}`,
    submit: (data) => {
      const marks = marksIn(data, 'marks', card);
      if (Object.keys(marks).length === 0) throw Object.assign(new Error('Mark at least one criterion.'), { details: [] });
      return api(`/api/audits/${audit.id}/review`, { method: 'POST', key, signal, body: { marks, note: data.get('note').trim(), ...(data.has('publish') && { publish: true }) } });
    },
  });
}

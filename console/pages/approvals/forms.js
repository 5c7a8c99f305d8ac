// Dialogs of the desk: reject, send all the same, ask for another draft, hand on. Each ends in one request.

import { html } from '../../lib/dom.js';
import { all, api } from '../../lib/api.js';
import { field, problems, showErrors } from '../../lib/forms.js';
import { ask } from '../../lib/ui.js';
import { flagList } from './drawer.js';

const REASONS = ['Wrong facts', 'Wrong tone', 'Against policy', 'Needs a person to write it', 'No reply needed'];
const SHORTEST_OVERRIDE = 5;

const area = (rows, value = '', most = 2000) => (attributes) => html`<textarea class="input" rows="${rows}" maxlength="${most}" ${attributes}>${value}</textarea>`;
const at = (detail, what) => `/api/cx/approvals/${detail.id}/${what}`;

function need(name, value, least, message) {
  if (value.trim().length >= least) return value.trim();
  throw Object.assign(new Error(message), { details: [{ field: name, message }] });
}

/** What does not belong to the form's fields (somebody was faster, switched off) goes back to the page. */
function orElsewhere(away) {
  return (form, error) => {
    if (error.status === 409) { away(error); form.closest('dialog').close(); } else showErrors(form, error);
  };
}

/** A reason why a flagged reply may go out all the same, or null. `found` is the markup of what was found. */
export const overrideForm = (detail, flags) => ask({
  title: 'Send a flagged reply?', confirm: 'Approve and send', danger: true, onError: showErrors,
  body: html`<p>A check stopped this reply:</p>${flags ?? flagList(detail.flags, detail.validation)}
    ${field('override', 'Why may it go out all the same?', area(3, '', 500), 'Kept in the audit trail with your name.')}${problems}`,
  submit: (data) => need('override', data.get('override'), SHORTEST_OVERRIDE, 'Say why, in a few words.'),
});

export function rejectForm(detail, work, seconds, away) {
  const key = crypto.randomUUID();
  return ask({
    title: 'Reject this draft', confirm: 'Reject', danger: true, onError: orElsewhere(away),
    body: html`<p class="meta">Nothing is sent. Your grades and the reason teach the next draft.</p>
      <fieldset class="field"><legend class="label">Why?</legend>${REASONS.map((reason, i) => html`<label class="check"><input type="radio" name="reason" value="${reason}" ${i === 0 && 'checked'}><span>${reason}</span></label>`)}</fieldset>
      ${field('note', 'In your words', area(2, '', 1900), 'Optional. Say what should be different: it is shown to the model.')}${problems}`,
    submit: (data) => {
      const words = data.get('note').trim();
      return api(at(detail, 'reject'), { method: 'POST', key, body: { grades: work.grades, reason: words ? `${data.get('reason')}: ${words}` : data.get('reason'), review_seconds: seconds } });
    },
  });
}

export function regenerateForm(detail, away, wish = '') {
  const key = crypto.randomUUID();
  return ask({
    title: 'Ask for a new draft', confirm: 'Write a new draft', onError: orElsewhere(away),
    body: html`<p class="meta">This draft is kept and stays readable under “Earlier drafts”.</p>
      ${field('instruction', 'What should be different?', area(3, wish, 1000), 'For example: shorter, offer the exchange first, in French')}${problems}`,
    submit: (data) => api(at(detail, 'regenerate'), { method: 'POST', key, body: { instruction: need('instruction', data.get('instruction'), 1, 'Say what the new draft should do differently.') } }),
  });
}

export async function escalateForm(detail, away, signal) {
  const key = crypto.randomUUID();
  const colleagues = await all('/api/members', { signal, most: 200 }).catch(() => []);
  return ask({
    title: 'Hand this to a colleague', confirm: 'Escalate', onError: orElsewhere(away),
    body: html`<p class="meta">The conversation is assigned to them in Chatwoot, and they are told. Nothing is sent to the customer.</p>
      ${field('to', 'To', (a) => html`<input class="input" type="email" list="colleagues" autocomplete="off" spellcheck="false" ${a}>`, 'The e-mail address they have in Chatwoot')}
      <datalist id="colleagues">${colleagues.map((m) => html`<option value="${m.email}">${m.name}</option>`)}</datalist>
      ${field('note', 'What they should know', area(3))}${problems}`,
    submit: (data) => {
      const to = need('to', data.get('to'), 3, 'Enter the e-mail address of a colleague.');
      return api(at(detail, 'escalate'), { method: 'POST', key, body: { to, note: data.get('note').trim() } }).then((answer) => ({ ...answer, to }));
    },
  });
}

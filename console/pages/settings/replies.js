// Replies: hours and promise, patience, phrases, links, and who looks twice. Only what was changed is sent.

import { $, html, on, paint, redraw } from '../../lib/dom.js';
import { api } from '../../lib/api.js';
import { zoneName } from '../../lib/format.js';
import { check, clearErrors, field, number, problems, showErrors, text } from '../../lib/forms.js';
import { busy, note, toast } from '../../lib/ui.js';

const DAYS = [['mon', 'Monday'], ['tue', 'Tuesday'], ['wed', 'Wednesday'], ['thu', 'Thursday'], ['fri', 'Friday'], ['sat', 'Saturday'], ['sun', 'Sunday']];
const WHOLE = { min: 0, step: 1 };
const NUMBERS = ['debounce_seconds', 'sla_minutes', 'max_drafts_per_hour', 'breaker_minutes', 'evidence_threshold', 'example_threshold', 'straight_lining_alert'];
const SWITCHES = ['learning', 'four_eyes'];

const hoursText = (intervals) => intervals.map(({ start, end }) => `${start}–${end}`).join(', ');
/** "9:00-12:30, 13:30–17:00" as intervals; what cannot be read is left for the API to refuse at its field. */
const hoursIn = (words) => words.split(',').map((part) => part.trim()).filter(Boolean).map((part) => {
  const [start, end = ''] = part.split(/\s*[-–]\s*/).map((clock) => clock.replace(/^(\d):/, '0$1:'));
  return { start, end };
});
const linesIn = (words) => words.split('\n').map((line) => line.trim()).filter(Boolean);

const area = (value, rows, readonly) => (attributes) => html`<textarea class="input" rows="${rows}" ${readonly && 'readonly'} ${attributes}>${value}</textarea>`;
const section = (title, lead, body) => html`<section class="setting"><div class="setting__about"><h2>${title}</h2><p class="meta">${lead}</p></div><div class="stack setting__body">${body}</div></section>`;

function view({ cx }, readonly) {
  const { business_hours: hours, brand_phrases: phrases } = cx;
  const count = (name, label, hint, options = WHOLE) => field(name, label, number(cx[name], { ...options, readonly }), hint);
  return html`<form id="replies" class="settings-form" novalidate>
    ${readonly && note('', html`<span>Only an admin may change these settings.</span>`, 'lock')}
    <div id="conflict" role="alert"></div>
    ${section('Promise', 'How soon a customer is answered. The clock runs only while you are open.', html`
      ${count('sla_minutes', 'Minutes to a reply', 'Open minutes from a customer’s message to the public reply')}
      <fieldset class="field"><legend class="label">Open</legend><div class="pairs">${DAYS.map(([id, label]) => field(`business_hours.week.${id}`, label, text(hoursText(hours.week[id]), { readonly, placeholder: 'Closed' })))}</div><p class="field__hint">For example 09:00–12:30, 13:30–17:00. Empty is closed; the whole day is 00:00–24:00.</p></fieldset>
      <div class="pairs">${field('business_hours.timezone', 'Time zone of these hours', text(hours.timezone, { readonly, placeholder: zoneName() }), 'Empty: the organisation’s')}${field('business_hours.country', 'Public holidays of', text(hours.country, { readonly, placeholder: 'DE' }), 'Two letters, or empty')}${field('business_hours.region', 'Region', text(hours.region, { readonly, placeholder: 'BY' }), 'Optional')}</div>
      ${field('business_hours.closed_on', 'Further closed days', area(hours.closed_on.join('\n'), 3, readonly), 'One per line, as 2026-12-24')}`)}
    ${section('Voice', 'How your organisation speaks.', html`
      ${field('brand_phrases.use', 'Phrases to use', area(phrases.use.join('\n'), 3, readonly), 'One per line')}
      ${field('brand_phrases.avoid', 'Phrases to avoid', area(phrases.avoid.join('\n'), 3, readonly), 'One per line; a draft that has one fails its check')}
      ${field('signature', 'Signature', area(cx.signature, 3, readonly), 'Stands below each reply')}`)}
    ${section('Care', 'What is looked at before a reply goes out.', html`
      ${field('allowed_link_hosts', 'Hosts that replies may link to', area(cx.allowed_link_hosts.join('\n'), 3, readonly), 'One per line, for example help.northwind.example')}
      ${count('evidence_threshold', 'Least likeness of a source', '0 to 1. Below it a source supports no claim.', { min: 0, step: 0.01 })}
      ${check('four_eyes', 'Two pairs of eyes', cx.four_eyes, { disabled: readonly, hint: 'Whoever asked for a new draft cannot approve it' })}
      ${check('learning', 'Learn from decisions', cx.learning, { disabled: readonly, hint: 'Approved replies become examples for the next drafts' })}
      ${count('example_threshold', 'Least likeness of an example', '0 to 1. How alike a question must be for its approved reply to be shown to the next draft.', { min: 0, step: 0.01 })}
      ${count('straight_lining_alert', 'Identical gradings in a row that raise an alert', '0 for none')}`)}
    ${section('Patience', 'When drafts are made, and when they are not.', html`<div class="pairs">
      ${count('debounce_seconds', 'Seconds of quiet before a draft', 'Several messages make one draft')}
      ${count('max_drafts_per_hour', 'Drafts per hour and conversation', 'More is probably a machine')}
      ${count('breaker_minutes', 'Minutes without drafts after that')}</div>`)}
    ${problems}
    ${!readonly && html`<div class="save"><span class="meta" id="unsaved" role="status"></span><button class="btn" type="button" id="undo" data-undo disabled>Undo changes</button><button class="btn btn--primary" id="save" disabled>Save changes</button></div>`}</form>`;
}

/** The form as the API keeps it. */
function read(form) {
  const value = (name) => form.elements[name].value;
  const own = (name) => value(name).trim() || null;
  return {
    ...Object.fromEntries(NUMBERS.map((name) => [name, value(name) === '' ? null : Number(value(name))])),
    ...Object.fromEntries(SWITCHES.map((name) => [name, form.elements[name].checked])),
    signature: value('signature'),
    allowed_link_hosts: linesIn(value('allowed_link_hosts')),
    brand_phrases: { use: linesIn(value('brand_phrases.use')), avoid: linesIn(value('brand_phrases.avoid')) },
    business_hours: {
      week: Object.fromEntries(DAYS.map(([id]) => [id, hoursIn(value(`business_hours.week.${id}`))])),
      timezone: own('business_hours.timezone'), country: own('business_hours.country'), region: own('business_hours.region'), closed_on: linesIn(value('business_hours.closed_on')),
    },
  };
}

const sorted = (value) => (Array.isArray(value) || value === null || typeof value !== 'object' ? value : Object.fromEntries(Object.keys(value).sort().map((key) => [key, sorted(value[key])])));
const same = (a, b) => JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));

/** cx.business_hours.week.mon.0.start is told at the field of Monday. */
function atFields(error, form) {
  const names = [...form.elements].map((input) => input.name).filter(Boolean).sort((a, b) => b.length - a.length);
  error.details = (error.details ?? []).map((detail) => {
    const path = detail.field?.replace(/^(body\.)?cx\./, '') ?? '';
    return { ...detail, field: names.find((name) => path === name || path.startsWith(`${name}.`)) ?? path };
  });
  return error;
}

export default {
  async mount(root, { signal, can }) {
    let settings = await api('/api/settings', { signal });
    const readonly = !can('settings.write');
    const form = () => $('#replies', root);
    const changes = () => Object.fromEntries(Object.entries(read(form())).filter(([name, value]) => !same(value, settings.cx[name])));
    const standing = () => {
      const many = Object.keys(changes()).length;
      $('#save', root).disabled = many === 0;
      $('#undo', root).disabled = many === 0;
      paint($('#unsaved', root), many === 0 ? '' : many === 1 ? '1 change not saved' : `${many} changes not saved`);
    };
    const show = () => { redraw(root, view(settings, readonly)); if (!readonly) standing(); };
    const conflict = async (error) => {
      settings = await api('/api/settings', { signal });
      paint($('#conflict', root), note('warn', html`<strong>${error.message}</strong><span>Nothing of yours was saved, and nothing you typed is lost. Save again to put your changes on top, or take the saved ones.</span><div class="row"><button class="btn btn--small" type="button" data-undo>Take the saved ones</button></div>`));
      standing();
      $('#conflict', root).scrollIntoView({ block: 'center' });
    };

    const typed = () => { if (!readonly) standing(); };
    on(root, 'input', '#replies', typed, signal);
    on(root, 'change', '#replies', typed, signal);
    on(root, 'click', '[data-undo]', show, signal);
    on(root, 'submit', '#replies', (event) => {
      event.preventDefault();
      const wish = changes();
      if (readonly || Object.keys(wish).length === 0) return;
      const missing = NUMBERS.filter((name) => name in wish && wish[name] === null);
      if (missing.length > 0) {
        showErrors(form(), { message: 'A number is missing.', details: missing.map((name) => ({ field: name, message: 'Enter a number.' })) });
        return;
      }
      busy($('#save', root), async () => {
        clearErrors(form());
        try {
          settings = await api('/api/settings', { method: 'PUT', body: { cx: wish, version: settings.version }, signal });
          show();
          toast('Settings saved.');
        } catch (error) {
          if (signal.aborted) return;
          if (error.status === 409) await conflict(error).catch((reason) => showErrors(form(), reason)); else showErrors(form(), atFields(error, form()));
        }
      });
    }, signal);
    show();
  },
};

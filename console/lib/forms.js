// Forms: a field with its hint and its error, and the API's details put where they belong.

import { $, $$, html, paint } from './dom.js';
import { icon } from './icons.js';

const idOf = (name) => `f-${name.replaceAll('.', '-')}`;

/** `control(attributes)` draws the input; hint and error are tied to it for screen readers. */
export function field(name, label, control, hint = '') {
  const id = idOf(name);
  const attributes = html`id="${id}" name="${name}" aria-describedby="${id}-hint ${id}-error"`;
  return html`<div class="field" data-field="${name}"><label for="${id}">${label}</label>${control(attributes)}
    <div class="field__error" id="${id}-error" role="alert"></div><div class="field__hint" id="${id}-hint">${hint}</div></div>`;
}

export const text = (value = '', { type = 'text', placeholder = '', list = '', readonly = false, autocomplete = 'off' } = {}) => (attributes) => html`<input class="input" ${attributes} type="${type}" value="${value ?? ''}" placeholder="${placeholder}" autocomplete="${autocomplete}" spellcheck="false" ${list && html`list="${list}"`} ${readonly && 'readonly'}>`;

export const number = (value, { min = 0, step = 'any', readonly = false } = {}) => (attributes) => html`<input class="input num" ${attributes} type="number" inputmode="decimal" min="${min}" step="${step}" value="${value ?? ''}" ${readonly && 'readonly'}>`;

export const select = (value, options, { disabled = false } = {}) => (attributes) => html`<select class="input" ${attributes} ${disabled && 'disabled'}>${options.map(([v, t]) => html`<option value="${v}" ${String(v) === String(value ?? '') && 'selected'}>${t}</option>`)}</select>`;

export const check = (name, label, on, { hint = '', value = 'yes', disabled = false } = {}) => html`<label class="check"><input type="checkbox" name="${name}" value="${value}" ${on && 'checked'} ${disabled && 'disabled'}><span>${label}${hint && html`<small>${hint}</small>`}</span></label>`;

/** Where errors without a field go. */
export const problems = html`<div data-problems role="alert"></div>`;

export function clearErrors(form) {
  $$('[data-field]', form).forEach((box) => {
    paint($('.field__error', box), '');
    $('.input', box)?.removeAttribute('aria-invalid');
  });
  const rest = $('[data-problems]', form);
  if (rest) paint(rest, '');
}

/** Each of the API's details at its field; what has no field, and everything else, in one note. */
export function showErrors(form, error, { focus = true } = {}) {
  clearErrors(form);
  const boxes = new Map($$('[data-field]', form).map((box) => [box.dataset.field, box]));
  const loose = [];
  let first = null;
  for (const { field: name, message } of error.details ?? []) {
    const box = boxes.get(name) ?? boxes.get(name?.replace(/^body\./, ''));
    if (!box) { loose.push(message); continue; }
    paint($('.field__error', box), html`${icon('alert', 14)}<span>${message}</span>`);
    const input = $('.input', box);
    input?.setAttribute('aria-invalid', 'true');
    first ??= input;
  }
  const rest = $('[data-problems]', form);
  if (rest && (loose.length > 0 || !first)) {
    paint(rest, html`<div class="note note--bad">${icon('alert')}<div class="note__body"><strong>${error.message}</strong>${loose.map((line) => html`<span>${line}</span>`)}${error.requestId && html`<span class="small">Number for support: <span class="mono">${error.requestId}</span></span>`}</div></div>`);
    if (focus) rest.scrollIntoView({ block: 'nearest' });
  }
  if (focus) first?.focus();
}

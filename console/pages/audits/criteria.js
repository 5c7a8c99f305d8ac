// The criteria of a scorecard as a form: drawn from data, read back into data.

import { html } from '../../lib/dom.js';
import { check, field, number, select, text } from '../../lib/forms.js';
import { icon } from '../../lib/icons.js';

const TYPES = [['score', 'A score'], ['yes_no', 'Yes or no'], ['choice', 'A choice']];
const SPEAKERS = [['agent', 'Agent'], ['client', 'Client'], ['note', 'Notes'], ['bot', 'Bot']];

let next = 0;
/** `key` names a card or an option on the page while it moves; `id` names the criterion for the API. */
const keyed = (thing) => ({ key: `k${(next += 1)}`, ...thing });

export const newOption = () => keyed({ value: '', label: '', points: 0 });
export const newCriterion = () => keyed({ id: '', label: '', guidance: '', type: 'score', weight: 1, max: 5, critical: false, options: [], quotes_from: ['agent'] });
export const fromCard = (criteria) => criteria.map((c) => keyed({ ...c, options: c.options.map(keyed) }));

const slug = (label) => label.normalize('NFKD').replace(/[\u0300-\u036f]/g, '').toLowerCase().replace(/[^a-z0-9]+/g, '_').replace(/^[^a-z]+|_+$/g, '').slice(0, 48);

/** Ids stay for ever, so that marks of different versions can be compared; a new one is made from the label. */
export function withIds(criteria) {
  const taken = new Set(criteria.map((c) => c.id).filter(Boolean));
  return criteria.map((c) => {
    if (c.id) return c;
    const base = slug(c.label) || 'criterion';
    let id = base;
    for (let n = 2; taken.has(id); n += 1) id = `${base}_${n}`;
    taken.add(id);
    return { ...c, id };
  });
}

/** What the API takes: without keys, and a choice's value made from its label when it has none. */
export function toCard(criteria) {
  return withIds(criteria).map(({ key: _, options, ...c }) => ({
    ...c,
    options: c.type === 'choice' ? options.map(({ key: __, ...o }) => ({ ...o, value: o.value || slug(o.label) || o.label })) : [],
  }));
}

const option = (o, k, at, readonly) => html`<li class="option">
  ${field(`${at}.options.${k}.label`, 'Option', text(o.label || o.value, { readonly }))}
  ${field(`${at}.options.${k}.points`, 'Points', number(o.points, { readonly }))}
  ${!readonly && html`<button class="btn btn--icon btn--quiet" type="button" id="drop-${o.key}" data-drop-option="${o.key}" aria-label="Remove option ${o.label || k + 1}">${icon('cross')}</button>`}</li>`;

function choices(c, at, readonly) {
  return html`<fieldset class="field" data-field="${at}"><legend class="sr">Options</legend><ul class="options">${c.options.map((o, k) => option(o, k, at, readonly))}</ul>
    <div class="field__error" role="alert"></div>${!readonly && html`<div><button class="btn btn--small" type="button" id="option-${c.key}" data-add-option="${c.key}">${icon('plus', 14)}Add option</button></div>`}</fieldset>`;
}

function tools(c, i, many) {
  const name = c.label || `criterion ${i + 1}`;
  return html`<span class="criterion__tools"><button class="btn btn--icon btn--quiet" type="button" id="up-${c.key}" data-move="-1" aria-label="Move up: ${name}" ${i === 0 && 'disabled'}>${icon('up')}</button><button class="btn btn--icon btn--quiet" type="button" id="down-${c.key}" data-move="1" aria-label="Move down: ${name}" ${i === many - 1 && 'disabled'}>${icon('down')}</button><button class="btn btn--icon btn--quiet" type="button" id="remove-${c.key}" data-remove aria-label="Remove: ${name}">${icon('cross')}</button></span>`;
}

export function criterionCard(c, i, many, readonly) {
  const at = `criteria.${i}`;
  return html`<li class="panel criterion" data-key="${c.key}">
    <div class="criterion__head"><span class="crit__n">${i + 1}</span><h3>${c.label || 'New criterion'}</h3>${c.id && html`<span class="small mono not-phone">${c.id}</span>`}<span class="small criterion__share not-phone" data-share="${i}"></span>${!readonly && tools(c, i, many)}</div>
    <div class="criterion__body">
      <div class="criterion__row">${field(`${at}.label`, 'What is judged', text(c.label, { readonly }))}
        ${field(`${at}.type`, 'Marked by', select(c.type, TYPES, { disabled: readonly }))}
        ${c.type === 'score' ? field(`${at}.max`, 'Highest mark', number(c.max, { readonly })) : ''}
        ${field(`${at}.weight`, 'Weight', number(c.weight, { readonly }))}</div>
      ${field(`${at}.guidance`, 'Guidance for the judge', (a) => html`<textarea class="input" rows="2" ${a} ${readonly && 'readonly'}>${c.guidance}</textarea>`, 'Say what earns the mark and what does not.')}
      ${c.type === 'choice' ? choices(c, at, readonly) : ''}
      <div class="criterion__foot">${check(`${at}.critical`, 'Critical', c.critical, { hint: 'Failing it fails the audit', disabled: readonly })}
        <fieldset class="field" data-field="${at}.quotes_from"><legend class="label">Proved by words of</legend><div class="row row--choices">${SPEAKERS.map(([id, name]) => check(`${at}.quotes_from`, name, c.quotes_from.includes(id), { value: id, disabled: readonly }))}</div><div class="field__error" role="alert"></div></fieldset></div>
    </div></li>`;
}

const numeric = (value) => (value === null || value === '' ? null : Number(value));

/** The form as it stands, in the order of `criteria`. */
export function read(form, criteria) {
  const data = new FormData(form);
  return criteria.map((c, i) => {
    const of = (name) => data.get(`criteria.${i}.${name}`);
    return {
      ...c,
      label: of('label').trim(), type: of('type'), guidance: of('guidance').trim(), weight: numeric(of('weight')),
      max: of('max') === null ? c.max : numeric(of('max')),
      critical: data.has(`criteria.${i}.critical`),
      quotes_from: data.getAll(`criteria.${i}.quotes_from`),
      options: c.options.map((o, k) => (of(`options.${k}.label`) === null ? o : { ...o, label: of(`options.${k}.label`).trim(), points: numeric(of(`options.${k}.points`)) })),
    };
  });
}

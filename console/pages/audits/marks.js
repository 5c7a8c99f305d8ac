// Marks: how a value reads, and the control that gives one.

import { html } from '../../lib/dom.js';
import { humanise, NONE, score } from '../../lib/format.js';
import { field, number, select } from '../../lib/forms.js';

const MOST_STEPS = 10;
const DOES_NOT_APPLY = ['na', 'n/a', 'not_applicable', 'not applicable'];
const skips = (value) => DOES_NOT_APPLY.includes(String(value).trim().toLowerCase());
const yes = (value) => ['yes', 'true', '1', 'y', 'pass', 'passed'].includes(String(value).trim().toLowerCase());

/** 4/5, Yes, Offered help, n/a. */
export function reading(criterion, value) {
  if (value === null || value === undefined || value === '') return NONE;
  if (skips(value)) return 'n/a';
  if (criterion.type === 'yes_no') return yes(value) ? 'Yes' : 'No';
  if (criterion.type === 'choice') return criterion.options?.find((o) => o.value === value)?.label || humanise(String(value));
  return html`${Number.isFinite(Number(value)) ? score(Number(value)) : value}<small>/${score(criterion.max)}</small>`;
}

/** A criterion costs points where it earns less than half of what it could. */
export const lost = (criterion) => criterion.earned !== null && criterion.earned < 0.5;

const steps = (max) => Array.from({ length: Math.floor(max) + 1 }, (_, i) => [String(i), `${i} of ${score(max)}`]);

function options(criterion) {
  if (criterion.type === 'yes_no') return [['yes', 'Yes'], ['no', 'No']];
  if (criterion.type === 'choice') return criterion.options.map((o) => [o.value, o.label || humanise(o.value)]);
  return criterion.max <= MOST_STEPS && Number.isInteger(criterion.max) ? steps(criterion.max) : null;
}

/** One field per criterion; empty means "not marked". */
export function markField(group, criterion, value, { nothing, hint = '' }) {
  const known = options(criterion);
  const given = value === null || value === undefined ? '' : criterion.type === 'yes_no' && !skips(value) ? (yes(value) ? 'yes' : 'no') : skips(value) ? 'n/a' : String(value);
  const control = known ? select(given, [['', nothing], ...known, ['n/a', 'Does not apply']]) : number(value, { step: 'any' });
  return field(`${group}.${criterion.id}`, criterion.label, control, hint);
}

/** The marks somebody gave, in the types the API takes. */
export function marksIn(data, group, criteria) {
  const marks = {};
  for (const criterion of criteria) {
    const value = data.get(`${group}.${criterion.id}`);
    if (value === null || value === '') continue;
    marks[criterion.id] = criterion.type === 'score' && value !== 'n/a' ? Number(value) : value;
  }
  return marks;
}

// Graders: three marks from 1 to 5, shown at 3, which is no grade until it is touched.

import { html } from './dom.js';

export const GRADES = [
  ['tone', 'Tone', 'Friendly, professional, ours'],
  ['accuracy', 'Accuracy', 'True, and answers the question'],
  ['policy', 'Policy', 'Follows our guidelines'],
];
const WORDS = ['', 'Unacceptable', 'Below standard', 'Acceptable', 'Good', 'Excellent'];

export function grader([id, label, help], value, current) {
  return html`<fieldset class="grader ${current && 'is-current'}" id="grader-${id}" data-grader="${id}">
    <legend>${label}<span class="sr">: ${help}. ${value ? '' : 'Shown at 3, not graded yet.'}</span></legend>
    <div class="grader__cells ${!value && 'is-untouched'}">${[1, 2, 3, 4, 5].map((n) => html`<label><input type="radio" class="sr" name="grade-${id}" id="g-${id}-${n}" value="${n}" ${(value ?? 3) === n && 'checked'}><span>${n}</span></label>`)}</div>
    <span class="grader__word">${value ? WORDS[value] : 'Not graded'}</span></fieldset>`;
}

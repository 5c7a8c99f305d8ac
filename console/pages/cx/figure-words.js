// A figure as people read it: its value, its target and how it stands.

import { html } from '../../lib/dom.js';
import { count, decimal, duration, NONE, percent, plural, ratio } from '../../lib/format.js';
import { glyph } from '../../lib/icons.js';

const SHOW = { replies: count, characters: count, percent, mark: ratio, seconds: duration, ratio: (v) => (v === null ? NONE : percent(Math.round(v * 1000) / 10)) };
export const valueOf = (figure) => SHOW[figure.unit](figure.value);

const LOOKS = { green: ['good', 'done'], yellow: ['warn', 'up'], red: ['bad', 'failed'], grey: ['', 'unknown'] };
const WORDS = { yellow: 'Near', red: 'Off target', grey: 'No data yet' };

export function badgeOf(figure) {
  if (figure.badge === 'grey' && figure.value !== null) return '';
  const [tone, shape] = LOOKS[figure.badge];
  const word = figure.badge === 'green' ? (figure.on_target === false ? 'Good, below target' : figure.on_target ? 'On target' : 'Good') : WORDS[figure.badge];
  return html`<span class="badge ${tone && `badge--${tone}`}">${glyph(shape)}${word}</span>`;
}

const TARGET = { percent: (v) => `${v}%`, mark: decimal, seconds: duration, ratio: (v) => percent(v * 100), replies: count, characters: count };
export const targetOf = (figure) => (figure.target === null || figure.target === undefined ? '' : `${figure.target_is === 'at_most' ? 'at most' : 'at least'} ${TARGET[figure.unit](figure.target)}`);

const BASIS = { replies: 'reply', percent: 'reply', mark: 'decision', seconds: 'wait', ratio: 'reply', characters: 'reply' };
export const basisOf = (figure) => plural(figure.basis, BASIS[figure.unit], BASIS[figure.unit] === 'reply' ? 'replies' : undefined);

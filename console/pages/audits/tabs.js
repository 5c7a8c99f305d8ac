// The parts of Audits, side by side.

import { $, html } from '../../lib/dom.js';

const TABS = [['', 'Runs'], ['/results', 'Results'], ['/people', 'People'], ['/scorecards', 'Scorecards'], ['/calibration', 'Calibration']];

export const tabs = (current) => html`<nav class="tabs" aria-label="Audits">${TABS.map(([path, name]) => html`<a href="#/audits${path}" ${path === current && html`aria-current="page"`}>${name}</a>`)}</nav>`;

/** On a phone the row is wider than the page: the open part is brought into sight. */
export const showTab = (root) => $('.tabs [aria-current]', root)?.scrollIntoView({ block: 'nearest', inline: 'center' });

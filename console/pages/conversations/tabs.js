// The parts of Conversations, side by side.

import { $, html } from '../../lib/dom.js';
import { style } from '../../lib/style.js';

const TABS = [['', 'Conversations'], ['/batches', 'Batches'], ['/imports', 'Imports'], ['/exports', 'Exports']];

export const tabs = (current) => html`<nav class="tabs" aria-label="Conversations">${TABS.map(([path, name]) => html`<a href="#/conversations${path}" ${path === current && html`aria-current="page"`}>${name}</a>`)}</nav>`;

/** On a phone the row is wider than the page: the open part is brought into sight. */
export const showTab = (root) => $('.tabs [aria-current]', root)?.scrollIntoView({ block: 'nearest', inline: 'center' });

export const dressed = () => style(new URL('./conversations.css', import.meta.url));

// Icons: 16px grid, 1.5 stroke, current colour. Always beside words, or with an aria-label on the control.

import { html } from './dom.js';

const PATHS = {
  check: 'M3.5 8.5l3 3 6-7',
  cross: 'M4.5 4.5l7 7M11.5 4.5l-7 7',
  menu: 'M2.5 4.5h11M2.5 8h11M2.5 11.5h11',
  search: 'M7 2.75a4.25 4.25 0 1 1 0 8.5 4.25 4.25 0 0 1 0-8.5zM10.2 10.2l3.3 3.3',
  right: 'M6 3.5L10.5 8 6 12.5',
  left: 'M10 3.5L5.5 8l4.5 4.5',
  up: 'M3.5 10L8 5.5 12.5 10',
  down: 'M3.5 6L8 10.5 12.5 6',
  retry: 'M12.9 6.2A5.3 5.3 0 1 0 13.3 9M13.2 2.8v3.5H9.7',
  alert: 'M8 2.6l6 10.6H2L8 2.6zM8 6.6v3M8 11.4v.1',
  info: 'M8 2.2a5.8 5.8 0 1 1 0 11.6A5.8 5.8 0 0 1 8 2.2zM8 7.3v3.6M8 5.1v.1',
  lock: 'M4 7.2h8v6H4zM5.7 7V5.2a2.3 2.3 0 0 1 4.6 0V7',
  theme: 'M8 2.2a5.8 5.8 0 1 1 0 11.6zM8 2.2a5.8 5.8 0 0 0 0 11.6',
  keys: 'M2 4h12v8.2H2zM4.6 6.6v.1M7 6.6v.1M9.4 6.6v.1M11.6 6.6v.1M5 9.6h6',
  audits: 'M4 2.5h8v11H4zM6.2 5.6h3.6M6.2 8h3.6M6.2 10.4h2',
  bell: 'M4.2 11.2V7a3.8 3.8 0 0 1 7.6 0v4.2l1 1.1H3.2zM6.8 13.9h2.4',
  settings: 'M2.5 4.8h6M11.5 4.8h2M10 3.3v3M2.5 11.2h2M7.5 11.2h6M6 9.7v3',
  plus: 'M8 3v10M3 8h10',
  download: 'M8 2.8v7.4M4.8 7.2L8 10.4l3.2-3.2M3 13.2h10',
  flag: 'M4 13.5V2.8M4 3.2h7.5L9.8 6l1.7 2.8H4',
  key: 'M5.6 7.4a3 3 0 1 1 0 1.2M5.6 8h7.9M11.5 8v2.4',
  copy: 'M5.5 5.5h7.5v8H5.5zM10.5 5.5v-3H3v8h2.5',
  approvals: 'M2.8 3h10.4v7.6H7.4L4.6 13v-2.4H2.8zM5.6 6.8l1.7 1.7 3.2-3.4',
  cx: 'M2.8 13.2h10.4M4.4 11V7.4M8 11V3.4M11.6 11V5.6',
  out: 'M9 2.8h4.2V7M13 3L7.4 8.6M11.2 9.4v3.8H2.8V4.8h3.8',
  conversations: 'M2.8 3h8.4v5.6H6.4L4.2 10.8V8.6H2.8zM13.2 5.8v5.4h-1.4v2l-2-2H7.4',
  upload: 'M8 10.4V3M4.8 5.8L8 2.6l3.2 3.2M3 13.2h10',
  guide: 'M2.8 2.8h4.4v4.4H2.8zM8.8 2.8h4.4v4.4H8.8zM2.8 8.8h4.4v4.4H2.8zM8.8 8.8h4.4v4.4H8.8z',
};

export const icon = (name, size = 16) => html`<svg class="icon" width="${size}" height="${size}" viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d="${PATHS[name]}"/></svg>`;

// State glyphs differ in shape, so that colour is never the only signal.
const GLYPHS = {
  queued: html`<circle cx="6" cy="6" r="4.4" stroke-dasharray="2 1.45"/>`,
  running: html`<circle cx="6" cy="6" r="4.4"/><path d="M6 3.6A2.4 2.4 0 0 1 6 8.4z" fill="currentColor" stroke-width="1"/>`,
  done: html`<circle cx="6" cy="6" r="5" fill="currentColor" stroke="none"/><path d="M3.9 6.2l1.5 1.5 2.8-3.2" class="glyph-cut"/>`,
  failed: html`<circle cx="6" cy="6" r="5" fill="currentColor" stroke="none"/><path d="M4.3 4.3l3.4 3.4M7.7 4.3L4.3 7.7" class="glyph-cut"/>`,
  stopped: html`<circle cx="6" cy="6" r="4.4"/><path d="M4 6h4"/>`,
  paused: html`<circle cx="6" cy="6" r="4.4"/><path d="M4.9 4.4v3.2M7.1 4.4v3.2"/>`,
  unknown: html`<circle cx="6" cy="6" r="4.4"/><path d="M4.8 5a1.2 1.2 0 1 1 1.7 1.1c-.4.2-.5.4-.5.8M6 8.4v.05"/>`,
  flag: html`<path d="M3 11V1.6M3 2h6l-1.6 2.3L9 6.6H3"/>`,
  up: html`<path d="M6 1.6l4.6 8.2H1.4z" fill="currentColor" stroke="none"/>`,
};
export const glyph = (name) => html`<svg class="glyph" width="12" height="12" viewBox="0 0 12 12" fill="none" stroke="currentColor" stroke-width="1.3" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">${GLYPHS[name]}</svg>`;

// Settings: one address per part, each part a module that loads its own data.

import { $, html, on, paint } from '../lib/dom.js';
import { failure, head, skeleton } from '../lib/ui.js';

const TABS = [
  ['general', 'General', () => import('./settings/general.js')],
  ['integrations', 'Integrations', () => import('./settings/integrations.js')],
  ['members', 'Members', () => import('./settings/members.js')],
  ['keys', 'Service keys', () => import('./settings/keys.js')],
  ['usage', 'Usage', () => import('./settings/usage.js')],
];

let show = null;

export default {
  title: () => 'Settings',
  update: (params) => show?.(params.tab) ?? false,
  async mount(root, context) {
    paint(root, html`${head({ title: 'Settings' })}<nav class="tabs" id="tabs" aria-label="Settings"></nav><div id="part"></div>`);
    let life = new AbortController();
    const open = (wanted) => {
      const [name, label, load] = TABS.find(([id]) => id === wanted) ?? TABS[0];
      life.abort(new DOMException('left the tab', 'AbortError'));
      life = new AbortController();
      const signal = AbortSignal.any([context.signal, life.signal]);
      paint($('#tabs', root), html`${TABS.map(([id, text]) => html`<a href="#/settings/${id}" id="tab-${id}" ${id === name && html`aria-current="page"`}>${text}</a>`)}`);
      $(`#tab-${name}`, root).scrollIntoView({ block: 'nearest', inline: 'center' });
      document.title = `${label} · Settings · sidedesk`;
      const part = document.createElement('div');
      part.id = 'part';
      paint(part, skeleton(5));
      $('#part', root).replaceWith(part);
      const start = async () => {
        try {
          const module = await load();
          await module.default.mount(part, { ...context, signal });
        } catch (error) {
          if (signal.aborted || error.status === 401) return;
          paint(part, html`<div class="panel">${failure(error, label.toLowerCase())}</div>`);
          on(part, 'click', '[data-retry]', () => { paint(part, skeleton(5)); start(); }, signal);
        }
      };
      return start();
    };
    show = (tab) => { open(tab); return true; };
    context.signal.addEventListener('abort', () => { show = null; life.abort(context.signal.reason); }, { once: true });
    await open(context.params.tab);
  },
};

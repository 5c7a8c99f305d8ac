// A page of parts: one address per part, each part a module that loads its own data.

import { $, html, on, paint } from './dom.js';
import { failure, head, skeleton } from './ui.js';

/** `tabs`: [[id, label, load, permission?]]; `address(id)` is where a part lives. A part gets the page's context and its own signal. */
export function tabbed({ title, lead, tabs, address }) {
  let show = null;
  return {
    title: () => title,
    update: (params, query) => show?.(params, query) ?? false,
    async mount(root, context) {
      const offered = tabs.filter(([, , , permission]) => !permission || context.can(permission));
      paint(root, html`${head({ title, lead })}<nav class="tabs" id="tabs" aria-label="${title}"></nav><div id="part"></div>`);
      let life = new AbortController();
      const open = (params, query) => {
        const [name, label, load] = offered.find(([id]) => id === params.tab) ?? offered[0];
        life.abort(new DOMException('left the tab', 'AbortError'));
        life = new AbortController();
        const signal = AbortSignal.any([context.signal, life.signal]);
        paint($('#tabs', root), html`${offered.map(([id, text]) => html`<a href="#${address(id)}" id="tab-${id}" ${id === name && html`aria-current="page"`}>${text}</a>`)}`);
        $(`#tab-${name}`, root).scrollIntoView({ block: 'nearest', inline: 'center' });
        document.title = `${label} · ${title} · sidedesk`;
        const part = document.createElement('div');
        part.id = 'part';
        paint(part, skeleton(5));
        $('#part', root).replaceWith(part);
        const start = async () => {
          try {
            const module = await load();
            if (!signal.aborted) await module.default.mount(part, { ...context, params, query, signal });
          } catch (error) {
            if (signal.aborted || error.status === 401) return;
            paint(part, html`<div class="panel">${failure(error, label.toLowerCase())}</div>`);
            on(part, 'click', '[data-retry]', () => { paint(part, skeleton(5)); start(); }, signal);
          }
        };
        return start();
      };
      show = (params, query) => { open(params, query); return true; };
      context.signal.addEventListener('abort', () => { show = null; life.abort(context.signal.reason); }, { once: true });
      await open(context.params, context.query);
    },
  };
}

// A chart in its frame, with its numbers behind a press.

import { html } from './dom.js';

export const figure = (id, title, lead, table) => html`<figure class="panel fig"><figcaption><h3>${title}</h3><p class="small">${lead}</p></figcaption><div class="fig__plot" data-chart="${id}"></div>
  <details class="fig__data"><summary>Show the numbers</summary><div class="fig__scroll" tabindex="0" role="group" aria-label="${title}">${table}</div></details></figure>`;

export const numbers = (headings, rows) => html`<table><thead><tr>${headings.map((h, i) => html`<th scope="col" class="${i > 0 && 'r'}">${h}</th>`)}</tr></thead><tbody>${rows.map(([name, ...cells]) => html`<tr><th scope="row">${name}</th>${cells.map((c) => html`<td class="r">${c}</td>`)}</tr>`)}</tbody></table>`;

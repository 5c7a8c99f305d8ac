// An address that no page has.

import { html, paint } from '../lib/dom.js';
import { empty, head } from '../lib/ui.js';

export default {
  title: () => 'Not found',
  mount(root) {
    paint(root, html`${head({ title: 'Not found' })}<div class="panel">${empty({ title: 'No page has this address', text: 'It may come from an older link. The navigation shows every page there is.', action: html`<a class="btn" href="#/">Go to the start</a>` })}</div>`);
  },
};

// Signing in: one press on a laptop, the organisation's own page elsewhere.

import { html, on, paint } from '../lib/dom.js';
import { icon } from '../lib/icons.js';
import { config, leaveFor, signInAs } from '../lib/session.js';
import { busy, failure, note, skeleton } from '../lib/ui.js';

const WHO = {
  owner: 'Everything, and the organisation itself',
  admin: 'Settings, people and every page',
  member: 'Audits and daily work',
  viewer: 'Reads, changes nothing',
  audited: 'Sees the audits of their own chats',
};

const accountsOf = (way) => html`<p class="meta">This stack runs on a laptop. Choose who you want to be; there is no password.</p>
  <ul class="doors">${way.accounts.map((a) => html`<li><button class="door" type="button" id="as-${a.id}" data-account="${a.id}"><span><b>${a.label}</b><small>${WHO[a.id] ?? ''}</small></span>${icon('right')}</button></li>`)}</ul>`;

const hosted = (way) => (way.url
  ? html`<p class="meta">You sign in on your organisation’s page and come back here.</p><button class="btn btn--primary btn--wide" type="button" data-leave>Sign in</button>`
  : note('warn', html`<strong>No sign-in page is set up</strong><span>Whoever runs this stack has to set the address of the sign-in page (parameter SignInUrl), then deploy again.</span>`));

export default {
  async mount(root, { notice, back, signal, done }) {
    root.className = 'gate';
    const frame = (body, foot = '') => paint(root, html`<div class="gate__box"><p class="brand">sidedesk</p><h1 tabindex="-1">Sign in</h1>
      ${notice && note('info', html`<span>${notice}</span>`)}${body}<div data-problem role="alert"></div>${foot && html`<p class="small">${foot}</p>`}</div>`);
    frame(skeleton(3));
    let way;
    const load = async () => {
      try {
        const answer = await config();
        if (signal.aborted) return;
        way = answer.sign_in;
        frame(way.kind === 'dev' ? accountsOf(way) : hosted(way), `Release ${answer.version}`);
      } catch (error) {
        frame(failure(error, 'the way to sign in'));
      }
    };
    on(root, 'click', '[data-retry]', load, signal);
    on(root, 'click', '[data-leave]', () => leaveFor(way.url, back), signal);
    on(root, 'click', '[data-account]', (_, button) => busy(button, async () => {
      try {
        await signInAs(button.dataset.account);
      } catch (error) {
        paint(root.querySelector('[data-problem]'), note('bad', html`<strong>Could not sign in</strong><span>${error.message}</span>`));
        return;
      }
      await done();
    }), signal);
    await load();
  },
};

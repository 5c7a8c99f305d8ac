// Starts the console: a session, then the page that the address names. Pages own nothing outside <main>.

import { $, $$, html, on, paint } from './lib/dom.js';
import { useToken } from './lib/api.js';
import { useZone } from './lib/format.js';
import { poll } from './lib/poll.js';
import { allowed, comeBack, fetchMe, forget, forgetWork, knownMe, signInAs, token } from './lib/session.js';
import { complain, failure, head, skeleton } from './lib/ui.js';
import { MISSING, ROUTES } from './routes.js';
import { closeNav, drawNav, startShell } from './shell.js';

const main = $('#main');
const shell = $('#shell');
const ME_EVERY_MS = 60_000;

let me = null;
let leave = new AbortController();
let session = new AbortController();
let page = null;
let area = '';
let visit = 0;

const go = (to) => { location.hash = to; };
const home = () => (allowed(me, 'audits.read') ? '/audits' : '/audits/mine');
const here = () => location.hash.slice(1).split('?')[0];
const query = () => new URLSearchParams(location.hash.split('?')[1] ?? '');

function quit() {
  $$('dialog[open]').forEach((dialog) => dialog.close());
  leave.abort(new DOMException('left the page', 'AbortError'));
  leave = new AbortController();
  page = null;
}

function fresh() {
  quit();
  const root = document.createElement('div');
  root.className = 'page';
  main.replaceChildren(root);
  scrollTo(0, 0);
  return root;
}

function meet(person) {
  me = person;
  if (me.tenant?.timezone) useZone(me.tenant.timezone);
  drawNav(me, area);
}

/** Pages call this after they changed what the navigation shows. */
async function refreshMe() {
  const before = JSON.stringify(me);
  const next = await fetchMe();
  meet(next);
  return JSON.stringify(next) === before ? 'same' : 'changed';
}

async function showSignIn(notice = '') {
  visit += 1;
  const mine = visit;
  session.abort();
  me = null;
  shell.classList.add('is-out');
  closeNav();
  document.title = 'Sign in · sidedesk';
  const module = await import('./pages/sign-in.js').catch(() => null);
  if (mine !== visit) return;
  const root = fresh();
  if (!module) { notLoaded(root); return; }
  await module.default.mount(root, { notice, signal: leave.signal, back: here() || '/', done: begin });
  $('h1', root)?.focus({ preventScroll: true });
}

function notLoaded(root) {
  paint(root, failure({ message: 'A part of the console did not load. Either the connection is gone, or a newer version is out.' }, 'this page'));
  $('[data-retry]', root).addEventListener('click', () => location.reload());
}

/** Signed in: know the person, then show the page the address names. */
async function begin() {
  shell.classList.remove('is-out');
  session.abort();
  session = new AbortController();
  const known = knownMe();
  if (known) {
    meet(known);
    refreshMe().catch(() => {}); // a 401 ends the session by itself; anything else is tried again by the poll
  } else {
    const root = fresh();
    paint(root, skeleton(5));
    try {
      meet(await fetchMe());
    } catch (error) {
      if (error.status === 401) { forget(); showSignIn(error.message); return; }
      paint(root, html`${head({ title: 'sidedesk' })}${failure(error, 'your account')}<div class="row"><button class="btn btn--quiet" type="button" data-sign-out>Sign out</button></div>`);
      on(root, 'click', '[data-retry]', begin, leave.signal);
      return;
    }
  }
  poll(refreshMe, { every: ME_EVERY_MS, slowest: ME_EVERY_MS, signal: session.signal });
  await show();
}

async function show() {
  if (!me) return;
  if (here() === '' || here() === '/') { history.replaceState(null, '', `#${home()}`); }
  const path = here();
  const route = ROUTES.find((r) => r.path.test(path)) ?? MISSING;
  const params = { ...path.match(route.path)?.groups };
  visit += 1;
  const mine = visit;
  const module = await route.page().catch(() => null);
  if (mine !== visit) return; // a later press won
  closeNav();
  if (!module) { notLoaded(fresh()); return; }
  if (page === module.default && page.update?.(params, query())) return;
  const root = fresh();
  page = module.default;
  area = route.name;
  drawNav(me, area);
  document.title = `${page.title(params)} · sidedesk`;
  paint(root, skeleton(5));
  const { signal } = leave;
  const context = { params, query: query(), signal, me, can: (permission) => allowed(me, permission), go, refreshMe };
  try {
    await page.mount(root, context);
    if (!signal.aborted && !root.contains(document.activeElement)) $('h1', root)?.focus({ preventScroll: true });
  } catch (error) {
    if (signal.aborted || error.status === 401) return;
    paint(root, html`${head({ title: page.title(params) })}${failure(error)}`);
    $('h1', root).focus({ preventScroll: true });
    on(root, 'click', '[data-retry]', () => { page = null; show(); }, signal);
  }
}

useToken(token, (sent) => {
  const earlier = sent && token() && sent !== token(); // an answer to a token that was replaced meanwhile
  if (!me || earlier) return;
  forget();
  showSignIn('Your sign-in has ended. Sign in again and you come back to this page.');
});

startShell({
  go,
  signOut: () => { forget(); forgetWork(); location.hash = '#/'; showSignIn(); },
  become: async (id) => {
    try {
      await signInAs(id);
      page = null;
      await begin();
    } catch (error) { complain(error); }
  },
});
addEventListener('hashchange', show);

const problem = comeBack();
if (token()) begin(); else showSignIn(problem);

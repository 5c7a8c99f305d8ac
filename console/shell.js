// What stays around every page: navigation, theme, keyboard help.

import { $, $$, html, on, paint } from './lib/dom.js';
import { icon } from './lib/icons.js';
import { bind, shortcuts } from './lib/keys.js';
import { account, allowed, config } from './lib/session.js';
import { ask } from './lib/ui.js';
import { GROUPS, ROUTES } from './routes.js';

const nav = $('#nav');
const opener = $('[data-open-nav]');
const scrim = $('[data-close-nav]');
const always = new AbortController().signal;
const LINKS = ROUTES.filter((route) => route.nav);
const addressOf = (route) => route.to ?? route.name;
const offers = (me) => LINKS.filter((route) => (!route.needs || allowed(me, route.needs)) && !(route.unless && allowed(me, route.unless)));
const ROLES = { owner: 'Owner', admin: 'Admin', member: 'Member', viewer: 'Viewer' };

const waiting = (route, me) => (route.name === 'notifications' && me.unread_notifications > 0
  ? html`<span class="nav__count">${me.unread_notifications}<span class="sr"> unread</span></span>` : '');

const link = (route, me, current) => html`<a class="nav__link" href="#/${addressOf(route)}" ${current === route.name && html`aria-current="page"`}>${icon(route.icon ?? route.name)}${route.nav}${waiting(route, me)}</a>`;

const person = (me, accounts) => html`<div class="nav__me"><b>${me.tenant?.name}</b>${me.name || me.email}<br>${ROLES[me.role] ?? me.role} · <button class="link-btn" type="button" data-sign-out>Sign out</button></div>
  ${accounts.length > 0 && html`<label class="field nav__as"><span class="small">Signed in as</span><select class="input" id="account">${accounts.map((a) => html`<option value="${a.id}" ${a.id === account() && 'selected'}>${a.label}</option>`)}</select></label>`}`;

let accounts = [];
/** On a laptop the accounts are offered in the navigation; nothing waits for that. */
const offerAccounts = () => config().then(({ sign_in: way }) => { accounts = way.accounts ?? []; }).catch(() => {});

let drawn = null;
export function drawNav(me, current) {
  drawn = { me, current };
  const offered = offers(me);
  paint(nav, html`<a class="brand" href="#/">sidedesk</a>
    ${GROUPS.map((group) => [group, offered.filter((route) => route.group === group)]).filter(([, routes]) => routes.length > 0).map(([group, routes]) => html`<div class="nav__group">${group && html`<div class="nav__title">${group}</div>`}${routes.map((route) => link(route, me, current))}</div>`)}
    <div class="nav__foot">${person(me, accounts)}
      <div class="nav__tools"><button class="btn btn--quiet btn--small" type="button" data-theme-toggle>${icon('theme', 14)}Theme</button><button class="btn btn--quiet btn--small" type="button" data-help>${icon('keys', 14)}Keys</button></div>
    </div>`);
}

export function closeNav() {
  nav.classList.remove('is-open');
  scrim.hidden = true;
  opener.setAttribute('aria-expanded', 'false');
}

function openNav() {
  nav.classList.add('is-open');
  scrim.hidden = false;
  opener.setAttribute('aria-expanded', 'true');
  $('a', nav)?.focus();
}

const keyed = () => (drawn ? offers(drawn.me).filter((route) => route.key) : []);

function help() {
  if ($('dialog[open]')) return;
  const places = keyed().map((route) => ({ shown: ['g', 'then', route.key], label: `Go to ${route.nav}` }));
  const rows = [...places, ...shortcuts()].map((s) => html`<div><dt>${s.label}</dt><dd>${(s.shown ?? s.keys).map((k) => html`<kbd>${k}</kbd>`)}</dd></div>`);
  ask({ title: 'Keyboard', body: html`<dl class="keys">${rows}</dl>` });
}

/** Light and dark in turn; the first press leaves the system's choice. */
function turnTheme() {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
  root.dataset.theme = dark ? 'light' : 'dark';
  try { localStorage.setItem('sidedesk.theme', root.dataset.theme); } catch { /* lasts for this page only */ }
  dispatchEvent(new Event('themechange'));
}

function goKeys(go) {
  let pressed = -Infinity;
  bind([
    { keys: ['?'], label: 'This list', run: help },
    { keys: ['g'], hidden: true, run: () => { pressed = performance.now(); } },
  ], always);
  document.addEventListener('keydown', (event) => {
    const quick = performance.now() - pressed < 900;
    const to = quick && keyed().find((route) => route.key === event.key);
    pressed = event.key === 'g' ? pressed : -Infinity;
    if (!to || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    go(`/${addressOf(to)}`);
  }, { capture: true });
}

/** Wire the shell once. `go` changes the page, `signOut` ends the session, `become` changes the account. */
export function startShell({ go, signOut, become }) {
  paint(opener, icon('menu'));
  opener.addEventListener('click', openNav);
  scrim.addEventListener('click', closeNav);
  document.addEventListener('keydown', (event) => { if (event.key === 'Escape' && nav.classList.contains('is-open')) { closeNav(); opener.focus(); } });
  $$('.brand').forEach((brand) => brand.addEventListener('click', closeNav));
  on(document.body, 'click', '[data-theme-toggle]', turnTheme, always);
  on(document.body, 'click', '[data-help]', () => { closeNav(); help(); }, always);
  on(document.body, 'click', '[data-sign-out]', signOut, always);
  on(document.body, 'change', '#account', (_, select) => become(select.value), always);
  on(document.body, 'click', '[data-skip]', (event) => { event.preventDefault(); $('#main').focus(); }, always);
  // A row that is a link: the whole row may be pressed, the anchor in it carries the meaning.
  on($('#main'), 'click', 'tr.is-link', (event, row) => {
    if (!event.target.closest('a, button, input, label') && !getSelection().toString()) $('a', row)?.click();
  }, always);
  goKeys(go);
  offerAccounts().then(() => { if (drawn && accounts.length > 0) drawNav(drawn.me, drawn.current); });
}

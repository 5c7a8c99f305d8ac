// Who is signed in. The token stays in this tab's session storage: it goes when the tab goes.

import { api } from './api.js';

const TOKEN = 'sidedesk.token';
const ME = 'sidedesk.me';
const LEFT = 'sidedesk.left'; // what we remember while the person is at the sign-in page
const LEFT_FOR_MS = 15 * 60_000;

const read = (store, name) => { try { return JSON.parse(store.getItem(name)); } catch { return null; } };
const write = (store, name, value) => { try { store.setItem(name, JSON.stringify(value)); } catch { /* kept for this page only */ } };
const drop = (store, name) => { try { store.removeItem(name); } catch { /* nothing was kept */ } };

let held = read(sessionStorage, TOKEN);

/** The token, or '' when there is none or its time is up. */
export const token = () => (held && held.until > Date.now() ? held.value : '');
export const account = () => held?.account ?? '';

function keep(value, seconds, from = '') {
  held = { value, account: from, until: Date.now() + (Number(seconds) > 0 ? Number(seconds) : 3600) * 1000 };
  write(sessionStorage, TOKEN, held);
  drop(sessionStorage, ME);
}

export function forget() {
  held = null;
  drop(sessionStorage, TOKEN);
  drop(sessionStorage, ME);
}

/** Unfinished work is kept in the tab under names that begin so, then the person. It survives an ended session, not signing out. */
export const WORK = 'sidedesk.work.';
export function forgetWork() {
  try {
    Object.keys(sessionStorage).filter((name) => name.startsWith(WORK)).forEach((name) => sessionStorage.removeItem(name));
  } catch { /* nothing was kept */ }
}

let asked = null;
/** How to sign in here: {version, sign_in: {kind, url?, accounts?}}. Asked once. */
export function config() {
  asked ??= api('/console/config.json').catch((error) => { asked = null; throw error; });
  return asked;
}

/** On a laptop: one press, no password. */
export async function signInAs(id) {
  const { access_token: value, expires_in: seconds } = await api('/api/dev/sign-in', { method: 'POST', body: { account: id } });
  keep(value, seconds, id);
}

/** Leave for the hosted page. Its address may hold {return_to} and {state}. */
export function leaveFor(url, page) {
  const state = crypto.randomUUID();
  write(localStorage, LEFT, { state: url.includes('{state}') ? state : '', page, at: Date.now() });
  location.assign(url
    .replaceAll('{return_to}', encodeURIComponent(`${location.origin}/console`))
    .replaceAll('{state}', state));
}

/** Back from the hosted page: take what it put behind the #, and drop that from the address. */
export function comeBack() {
  const given = new URLSearchParams(location.hash.slice(1));
  if (location.hash.startsWith('#/') || !(given.has('access_token') || given.has('error'))) return '';
  const left = read(localStorage, LEFT);
  drop(localStorage, LEFT);
  history.replaceState(null, '', `${location.pathname}#${left?.page ?? '/'}`);
  // A token nobody here asked for may be somebody else's: a link must not sign a person in.
  const expected = left && Date.now() - left.at < LEFT_FOR_MS && (!left.state || left.state === given.get('state'));
  if (!expected) return 'That sign-in was not started here, or took too long. Please sign in again.';
  if (given.has('error')) return given.get('error_description') || 'The sign-in page did not let you in. Please try again.';
  keep(given.get('access_token'), given.get('expires_in'));
  return '';
}

/** The person as last seen, for the first paint; null right after sign-in. */
export const knownMe = () => read(sessionStorage, ME);

export async function fetchMe() {
  const me = await api('/api/me');
  write(sessionStorage, ME, me);
  return me;
}

/** May this person do that? The server decides again; this only keeps useless buttons away. */
export const allowed = (me, permission) => me.permissions.includes(permission);

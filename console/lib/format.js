// Numbers, money, time. The tenant's zone and en-GB dates; never the browser's guess.

import { html } from './dom.js';

const LOCALE = 'en-GB';
let zone = 'UTC'; // until the tenant's is known
export const useZone = (name) => { zone = name; };
export const zoneName = () => zone;

const whole = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 0 });
const one = new Intl.NumberFormat(LOCALE, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const two = new Intl.NumberFormat(LOCALE, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const dollars = new Intl.NumberFormat('en-US', { style: 'currency', currency: 'USD' });

export const NONE = '–';
const known = (value, show) => (value === null || value === undefined || Number.isNaN(value) ? NONE : show(value));

export const count = (n) => known(n, (v) => whole.format(v));
export const decimal = (n) => known(n, (v) => one.format(v));
export const ratio = (n) => known(n, (v) => two.format(v));
export const percent = (n) => known(n, (v) => (v === 0 || v === 100 ? `${v}%` : `${one.format(v)}%`));
/** A mark: 90, 83.3. */
export const score = (n) => known(n, (v) => (Number.isInteger(v) ? whole : one).format(v));
export const money = (n) => known(n, (v) => dollars.format(v));
/** What one call of a model costs is mostly less than a cent. */
export const cost = (n) => known(n, (v) => (v > 0 && v < 0.01 ? `$${v.toFixed(4)}` : dollars.format(v)));
export const size = (n) => known(n, (v) => (v >= 1_048_576 ? `${one.format(v / 1_048_576)} MB` : v >= 1024 ? `${whole.format(v / 1024)} KB` : `${whole.format(v)} bytes`));
export const big = (n) => known(n, (v) => (v >= 1e6 ? `${one.format(v / 1e6)} M` : v >= 1e4 ? `${whole.format(v / 1e3)} k` : whole.format(v)));
export const plural = (n, word, many = `${word}s`) => `${count(n)} ${n === 1 ? word : many}`;

/** 45 s, 12 min, 1 h 55 min, 3 d 4 h: two units at most. */
export function duration(seconds) {
  if (seconds === null || seconds === undefined) return NONE;
  const s = Math.round(seconds);
  if (s < 60) return `${s} s`;
  const m = Math.round(s / 60);
  if (m < 60) return `${m} min`;
  const h = Math.floor(m / 60);
  if (h < 24) return m % 60 ? `${h} h ${m % 60} min` : `${h} h`;
  return h % 24 ? `${Math.floor(h / 24)} d ${h % 24} h` : `${Math.floor(h / 24)} d`;
}

const parts = (iso, options) => new Intl.DateTimeFormat(LOCALE, { timeZone: zone, ...options }).format(new Date(iso));
export const day = (iso) => parts(iso.length === 10 ? `${iso}T12:00:00Z` : iso, { day: 'numeric', month: 'short' });
export const dayYear = (iso) => parts(iso.length === 10 ? `${iso}T12:00:00Z` : iso, { day: 'numeric', month: 'short', year: 'numeric' });
export const clock = (iso) => parts(iso, { hour: '2-digit', minute: '2-digit' });
export const moment = (iso) => `${day(iso)}, ${clock(iso)}`;
export const range = (from, to) => (from.slice(0, 7) === to.slice(0, 7) ? `${Number(from.slice(8))}–${dayYear(to)}` : `${day(from)} – ${dayYear(to)}`);

/** A time people can point at: short text, exact instant on hover and for machines. */
export const time = (iso, show = moment) => (iso
  ? html`<time datetime="${iso}" title="${dayYear(iso)}, ${clock(iso)} (${zone})">${show(iso)}</time>`
  : html`<span class="none">${NONE}</span>`);

/** Today in the tenant's zone, and days around it, as YYYY-MM-DD. */
export const today = () => new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' }).format(new Date());
export const addDays = (iso, days) => new Date(Date.parse(`${iso}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);

/** ai_draft_enabled reads "AI draft enabled" until somebody gives it a better name. */
export const humanise = (name) => {
  const words = name.replaceAll('_', ' ').trim().toLowerCase().replace(/\b(ai|api|id|sla|url|usd)\b/gi, (short) => short.toUpperCase());
  return words.charAt(0).toUpperCase() + words.slice(1);
};

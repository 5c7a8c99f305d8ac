// General: name, zone, engine, limits, money. Only what was changed is sent, with the version it was read at.

import { $, html, on, paint, redraw } from '../../lib/dom.js';
import { api } from '../../lib/api.js';
import { humanise, money, useZone } from '../../lib/format.js';
import { check, clearErrors, field, number, problems, select, showErrors, text } from '../../lib/forms.js';
import { busy, note, toast } from '../../lib/ui.js';

const ENGINES = [['n8n', 'n8n workflow'], ['native', 'Built in']];
const LOCALES = [['en-GB', 'English (UK)'], ['en-US', 'English (US)'], ['de-DE', 'Deutsch'], ['fr-FR', 'Français'], ['es-ES', 'Español'], ['pt-BR', 'Português (Brasil)'], ['it-IT', 'Italiano'], ['nl-NL', 'Nederlands'], ['tr-TR', 'Türkçe']];
const ATTRIBUTIONS = [['assignee', 'Whoever it is assigned to now'], ['main_author', 'Whoever wrote most of it'], ['participant', 'Everybody who took part']];
const NAMES = {
  name: 'Organisation', timezone: 'Time zone', locale: 'Language and region', audit_engine: 'Audit engine', attribution: 'A chat counts for',
  'spend.month_cap_usd': 'Spending cap per month, USD',
  'limits.agents_per_run': 'People per run', 'limits.range_days': 'Days per run', 'limits.pacing_seconds': 'Seconds between two calls to n8n',
  'limits.agent_timeout_minutes': 'Minutes of silence until a person’s audit has failed', 'limits.start_grace_seconds': 'Seconds to wait for a start that did not answer',
  'limits.duplicate_window_seconds': 'Seconds in which an identical run is the same run',
  'flags.AI_CUSTOMER_DRAFT_ENABLED': 'Draft replies to customers',
};
const label = (path) => NAMES[path] ?? humanise(path.split('.').at(-1).replace(/_usd$/, ', USD'));
const plain = (value) => value === null || ['string', 'number', 'boolean'].includes(typeof value);
const withOwn = (options, value) => (options.some(([v]) => v === value) || !value ? options : [...options, [value, value]]);

/** {limits: {a: 1}} becomes [['limits.a', 1]]; what the form cannot show stays untouched. */
const flat = (group, values) => Object.entries(values ?? {}).filter(([, v]) => plain(v)).map(([k, v]) => [`${group}.${k}`, v]);
const at = (settings, path) => path.split('.').reduce((value, step) => value?.[step], settings);

const section = (title, lead, body) => html`<section class="setting"><div class="setting__about"><h2>${title}</h2><p class="meta">${lead}</p></div><div class="stack setting__body">${body}</div></section>`;

const limitField = ([path, value], readonly) => (typeof value === 'number'
  ? field(path, label(path), number(value, { readonly }))
  : typeof value === 'boolean' ? check(path, label(path), value, { disabled: readonly }) : field(path, label(path), text(value, { readonly })));

function view(settings, readonly) {
  const limits = flat('limits', settings.limits);
  const flags = flat('flags', settings.flags);
  return html`<form id="general" novalidate>
    ${readonly && note('', html`<span>Only an admin may change these settings.</span>`, 'lock')}
    <div id="conflict" role="alert"></div>
    ${section('Organisation', 'Dates and days follow the time zone of the organisation.', html`
      ${field('name', NAMES.name, text(settings.name, { readonly }))}
      ${field('timezone', NAMES.timezone, text(settings.timezone, { readonly, list: 'zones' }), 'For example Europe/Berlin')}
      <datalist id="zones">${Intl.supportedValuesOf('timeZone').map((z) => html`<option value="${z}"></option>`)}</datalist>
      ${field('locale', NAMES.locale, select(settings.locale, withOwn(LOCALES, settings.locale), { disabled: readonly }), 'For mails and files; the console is in English')}`)}
    ${section('Audits', 'Who reads and marks the chats, and whose chats they are.', html`
      ${field('audit_engine', NAMES.audit_engine, select(settings.audit_engine, withOwn(ENGINES, settings.audit_engine), { disabled: readonly }), 'Built in needs no n8n')}
      ${settings.attribution && field('attribution', NAMES.attribution, select(settings.attribution, withOwn(ATTRIBUTIONS, settings.attribution), { disabled: readonly }), 'A transferred chat should not blame the last person')}`)}
    ${section('Spending', 'Money is reserved before each call to a model; at the cap, work pauses.', html`
      ${field('spend.month_cap_usd', NAMES['spend.month_cap_usd'], number(settings.spend?.month_cap_usd, { readonly }))}
      <p class="meta">${money(settings.spend?.month_spent_usd)} spent this month. <a href="#/settings/usage">See what on</a></p>`)}
    ${limits.length > 0 && section('Limits', 'What one run and one person may ask for.', html`<div class="pairs">${limits.map((l) => limitField(l, readonly))}</div>`)}
    ${flags.length > 0 && section('Switches', 'Parts that can be turned on and off.', html`${flags.map(([path, value]) => (typeof value === 'boolean' ? check(path, label(path), value, { disabled: readonly }) : limitField([path, value], readonly)))}`)}
    ${problems}
    ${!readonly && html`<div class="save"><span class="meta" id="unsaved" role="status"></span><button class="btn" type="button" id="undo" data-undo disabled>Undo changes</button><button class="btn btn--primary" id="save" disabled>Save changes</button></div>`}</form>`;
}

/** The form's values as paths, in the types the API sent. */
function read(form, settings) {
  const out = new Map();
  for (const input of form.elements) {
    if (!input.name) continue;
    const before = at(settings, input.name);
    if (input.type === 'checkbox') out.set(input.name, input.checked);
    else if (input.type === 'number') out.set(input.name, input.value === '' ? null : Number(input.value));
    else out.set(input.name, before === null && input.value === '' ? null : input.value.trim());
  }
  return out;
}

function nest(changes) {
  const body = {};
  for (const [path, value] of changes) {
    const [group, key] = path.split('.');
    if (key === undefined) body[group] = value; else (body[group] ??= {})[key] = value;
  }
  return body;
}

const shown = (value) => (value === true ? 'on' : value === false ? 'off' : value ?? 'nothing');

export default {
  async mount(root, { signal, can, refreshMe }) {
    let settings = await api('/api/settings', { signal });
    const readonly = !can('settings.write');
    const form = () => $('#general', root);
    const changes = () => [...read(form(), settings)].filter(([path, value]) => value !== (at(settings, path) ?? null));
    const standing = () => {
      const many = changes().length;
      $('#save', root).disabled = many === 0;
      $('#undo', root).disabled = many === 0;
      paint($('#unsaved', root), many === 0 ? '' : many === 1 ? '1 change not saved' : `${many} changes not saved`);
    };
    const show = () => { redraw(root, view(settings, readonly)); if (!readonly) standing(); };

    /** Someone saved in between: show what differs, keep what this person typed. */
    const conflict = async (error) => {
      const mine = changes();
      const before = settings;
      settings = await api('/api/settings', { signal });
      const names = [...read(form(), settings).keys()];
      const theirs = names.filter((path) => (at(before, path) ?? null) !== (at(settings, path) ?? null));
      const untouched = theirs.filter((path) => !mine.some(([own]) => own === path));
      for (const path of untouched) {
        const input = form().elements[path];
        if (input.type === 'checkbox') input.checked = at(settings, path); else input.value = at(settings, path) ?? '';
      }
      paint($('#conflict', root), note('warn', html`<strong>${error.message}</strong>
        ${theirs.map((path) => html`<span>${label(path)}: now ${shown(at(settings, path))}${mine.some(([own]) => own === path) && html`, you typed ${shown(new Map(mine).get(path))}`}</span>`)}
        <span>Nothing of yours was saved. Save again to put your changes on top, or take the saved ones.</span>
        <div class="row"><button class="btn btn--small" type="button" data-undo>Take the saved ones</button></div>`));
      standing();
      $('#conflict', root).scrollIntoView({ block: 'center' });
    };

    on(root, 'input', '#general', () => { if (!readonly) standing(); }, signal);
    on(root, 'change', '#general', () => { if (!readonly) standing(); }, signal);
    on(root, 'click', '[data-undo]', show, signal);
    on(root, 'submit', '#general', (event) => {
      event.preventDefault();
      if (readonly || changes().length === 0) return;
      const unread = changes().filter(([path, value]) => value === null && typeof at(settings, path) === 'number');
      if (unread.length > 0) {
        showErrors(form(), { message: 'A number is missing.', details: unread.map(([path]) => ({ field: path, message: 'Enter a number.' })) });
        return;
      }
      busy($('#save', root), async () => {
        clearErrors(form());
        try {
          settings = await api('/api/settings', { method: 'PUT', body: { ...nest(changes()), version: settings.version }, signal });
          useZone(settings.timezone);
          show();
          toast('Settings saved.');
          refreshMe().catch(() => {});
        } catch (error) {
          if (signal.aborted) return;
          if (error.status === 409) await conflict(error).catch((reason) => showErrors(form(), reason)); else showErrors(form(), error);
        }
      });
    }, signal);
    show();
  },
};

// One scorecard: read it, change it, or write a new one. What somebody typed survives a conflict.

import { $, $$, html, on, paint, redraw } from '../lib/dom.js';
import { api } from '../lib/api.js';
import { time } from '../lib/format.js';
import { clearErrors, field, number, problems, showErrors, text } from '../lib/forms.js';
import { icon } from '../lib/icons.js';
import { busy, head, note, toast } from '../lib/ui.js';
import { criterionCard, fromCard, newCriterion, newOption, read, toCard } from './audits/criteria.js';

const BLANK = { id: '', name: '', version: 0, pass_threshold: 80, criteria: [] };

function standing(card, newest, mayWrite) {
  if (newest && newest.version !== card.version) return note('', html`<span>Version ${card.version}, as audits were judged by it. <a href="#/audits/scorecards/${card.id}">See version ${newest.version}, the newest</a></span>`);
  return mayWrite ? '' : note('', html`<span>Only an admin may change a scorecard.</span>`, 'lock');
}

export default {
  title: (params) => (params.id === 'new' ? 'New scorecard' : 'Scorecard'),
  async mount(root, { params, query, signal, can, go }) {
    const fresh = params.id === 'new';
    const at = fresh ? '/api/scorecards' : `/api/scorecards/${encodeURIComponent(params.id)}`;
    const wanted = Number(query.get('version')) || null;
    let newest = fresh ? null : await api(at, { signal });
    let card = fresh ? BLANK : wanted && wanted !== newest.version ? await api(`${at}?version=${wanted}`, { signal }) : newest;
    const mayWrite = can('scorecards.write');
    const readonly = !mayWrite || (newest !== null && card.version !== newest.version);
    let criteria = fresh ? [newCriterion()] : fromCard(card.criteria);
    let key = crypto.randomUUID();
    if (!fresh) document.title = `${card.name} · sidedesk`;

    paint(root, html`<div id="top"></div><div id="standing"></div><form class="stack card-form" id="card" novalidate><div id="conflict" role="alert"></div><div class="criterion__row" id="about"></div>
      <div class="section__head"><h2>Criteria</h2>${!readonly && html`<p class="not-phone">Alt and an arrow key move the one you are in</p>`}</div><ol class="stack" id="criteria"></ol>
      ${!readonly && html`<div><button class="btn" type="button" id="add" data-add>${icon('plus')}Add criterion</button></div>`}${problems}
      ${!readonly && html`<div class="save"><span class="meta" id="next"></span><a class="btn" href="#/audits/scorecards">Back</a><button class="btn btn--primary" id="save">${fresh ? 'Create scorecard' : 'Save new version'}</button></div>`}</form>`);
    const form = $('#card', root);
    const top = () => {
      paint($('#top', root), head({ crumbs: [['Audits', '#/audits'], ['Scorecards', '#/audits/scorecards']], title: fresh ? 'New scorecard' : card.name, lead: fresh ? 'What a good chat is, in a few criteria.' : html`Version ${card.version}, ${time(card.updated_at)}` }));
      paint($('#standing', root), standing(card, newest, mayWrite));
      if (!readonly) paint($('#next', root), fresh ? '' : `Saving makes version ${newest.version + 1}; audits keep theirs.`);
    };
    const about = () => redraw($('#about', root), html`${field('name', 'Name', text(card.name, { readonly }))}${field('pass_threshold', 'Passes at', number(card.pass_threshold, { readonly }), 'Of 100. A failed critical criterion fails whatever the score.')}`);
    const list = () => redraw($('#criteria', root), html`${criteria.map((c, i) => criterionCard(c, i, criteria.length, readonly))}`);
    const weigh = () => {
      const total = criteria.reduce((sum, c) => sum + (c.weight || 0), 0);
      $$('[data-share]', root).forEach((el) => paint(el, total > 0 ? `${Math.round(((criteria[el.dataset.share].weight || 0) / total) * 100)}% of the score` : ''));
    };
    /** Take what was typed, change the structure, draw it again and leave the cursor where it belongs. */
    const restructure = (change, focus) => {
      criteria = change(read(form, criteria));
      list();
      weigh();
      (focus && document.getElementById(focus) ? document.getElementById(focus) : $('#add', root))?.focus();
    };
    const cardOf = (el) => el.closest('[data-key]').dataset.key;
    const move = (id, by, focus) => restructure((now) => {
      const from = now.findIndex((c) => c.key === id);
      const to = from + by;
      if (to < 0 || to >= now.length) return now;
      const moved = [...now];
      moved.splice(to, 0, ...moved.splice(from, 1));
      return moved;
    }, focus);
    const labelOf = (id) => `f-criteria-${criteria.findIndex((c) => c.key === id)}-label`;

    on(root, 'click', '[data-add]', () => { restructure((now) => [...now, newCriterion()]); document.getElementById(labelOf(criteria.at(-1).key))?.focus(); }, signal);
    on(root, 'click', '[data-remove]', (_, el) => { const id = cardOf(el); restructure((now) => now.filter((c) => c.key !== id)); }, signal);
    on(root, 'click', '[data-move]', (_, el) => {
      move(cardOf(el), Number(el.dataset.move), el.id);
      if (document.activeElement.disabled || document.activeElement.id !== el.id) document.getElementById(el.id.replace(/^(up|down)/, (side) => (side === 'up' ? 'down' : 'up')))?.focus();
    }, signal);
    on(root, 'click', '[data-add-option]', (_, el) => restructure((now) => now.map((c) => (c.key === el.dataset.addOption ? { ...c, options: [...c.options, newOption()] } : c)), el.id), signal);
    on(root, 'click', '[data-drop-option]', (_, el) => {
      const id = cardOf(el);
      restructure((now) => now.map((c) => ({ ...c, options: c.options.filter((o) => o.key !== el.dataset.dropOption) })), `option-${id}`);
    }, signal);
    on(root, 'keydown', '[data-key]', (event, el) => {
      if (readonly || !event.altKey || !['ArrowUp', 'ArrowDown'].includes(event.key)) return;
      event.preventDefault();
      const { key: id } = el.dataset;
      const was = event.target.id.replace(/^f-criteria-\d+/, '');
      move(id, event.key === 'ArrowUp' ? -1 : 1);
      const again = event.target.id === was ? was : `f-criteria-${criteria.findIndex((c) => c.key === id)}${was}`;
      (document.getElementById(again) ?? document.getElementById(labelOf(id)))?.focus();
    }, signal);
    on(root, 'change', '#card', (event) => {
      if (readonly) return;
      key = crypto.randomUUID();
      const typed = event.target.name?.endsWith('.type');
      if (typed) restructure((now) => now.map((c) => (c.type === 'choice' && c.options.length === 0 ? { ...c, options: [newOption(), newOption()] } : c)), event.target.id);
      else { criteria = read(form, criteria); weigh(); }
    }, signal);

    /** Somebody saved in between: nothing typed is lost, the person decides which one stays. */
    const conflict = async (error) => {
      newest = await api(at, { signal });
      paint($('#conflict', root), note('warn', html`<strong>${error.message}</strong><span>It is version ${newest.version} now, “${newest.name}” with ${newest.criteria.length} criteria. Nothing of yours was saved, and it is all still here.</span>
        <div class="row"><button class="btn btn--small" type="button" data-mine>Keep mine, on top of version ${newest.version}</button><button class="btn btn--small" type="button" data-theirs>Take version ${newest.version}</button></div>`));
      $('#conflict', root).scrollIntoView({ block: 'center' });
    };
    on(root, 'click', '[data-mine]', () => { card = { ...card, version: newest.version }; paint($('#conflict', root), ''); top(); $('#save', root).focus(); }, signal);
    on(root, 'click', '[data-theirs]', () => { card = newest; criteria = fromCard(card.criteria); paint($('#conflict', root), ''); top(); about(); list(); weigh(); $('h1', root).focus(); }, signal);

    on(root, 'submit', '#card', (event) => {
      event.preventDefault();
      if (readonly) return;
      busy($('#save', root), async () => {
        clearErrors(form);
        criteria = read(form, criteria);
        const data = new FormData(form);
        const body = { name: data.get('name').trim(), pass_threshold: data.get('pass_threshold') === '' ? null : Number(data.get('pass_threshold')), criteria: toCard(criteria), ...(!fresh && { version: card.version }) };
        try {
          const saved = await api(at, { method: fresh ? 'POST' : 'PUT', body, key, signal });
          toast(fresh ? 'Scorecard created.' : `Saved as version ${saved.version}.`);
          if (fresh) { go(`/audits/scorecards/${saved.id}`); return; }
          newest = saved;
          card = saved;
          criteria = fromCard(saved.criteria);
          top(); about(); list(); weigh();
        } catch (error) {
          if (signal.aborted) return;
          if (!error.retryable) key = crypto.randomUUID();
          if (error.code === 'name_taken') showErrors(form, { ...error, message: error.message, details: [{ field: 'name', message: error.message }] });
          else if (error.status === 409) await conflict(error).catch((reason) => showErrors(form, reason));
          else showErrors(form, error);
        }
      });
    }, signal);
    top();
    about();
    list();
    weigh();
  },
};

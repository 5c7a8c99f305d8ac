// One audit: the transcript and the criteria point at each other, sentence by sentence.

import { $, $$, html, on, paint } from '../lib/dom.js';
import { api } from '../lib/api.js';
import { icon } from '../lib/icons.js';
import { bind } from '../lib/keys.js';
import { busy, complain, head, toast } from '../lib/ui.js';
import { disputeForm, resolveForm, reviewForm, scorecardOf } from './audits/audit-forms.js';
import { criteria, transcript, verdict } from './audits/audit-views.js';

const calm = matchMedia('(prefers-reduced-motion: reduce)');
const sideBySide = matchMedia('(min-width: 55.01rem)');

function top(audit, me, mayReadAll) {
  const quoted = audit.criteria.some((c) => c.quotes.length > 0);
  const marked = audit.reviews.some((r) => r.reviewer === me.email);
  return head({
    crumbs: mayReadAll ? [['Audits', '#/audits'], audit.job_id ? ['Run', `#/audits/jobs/${audit.job_id}`] : ['Results', '#/audits/results']] : [['My audits', '#/audits/mine']],
    title: audit.employee_name || audit.employee_email,
    lead: html`Chat <span class="mono">${audit.conversation_id}</span>`,
    actions: html`${quoted && html`<button class="btn" type="button" id="previous" data-step="-1" aria-label="Previous quote">${icon('left')}</button><button class="btn" type="button" id="next" data-step="1">Next quote${icon('right')}</button>`}
      ${audit.may_review && html`<button class="btn" type="button" id="review" data-review>${marked ? 'Change your marks' : 'Add your marks'}</button>`}
      ${audit.may_dispute && html`<button class="btn" type="button" id="dispute" data-dispute>${icon('flag')}Dispute</button>`}`,
  });
}

const same = (one, other) => one.length === other.length && one.every((value, i) => value === other[i]);

export default {
  title: () => 'Audit',
  async mount(root, { params, query, signal, me, can, refreshMe }) {
    root.classList.add('page--wide');
    const at = `/api/audits/${encodeURIComponent(params.id)}`;
    let audit = await api(at, { signal });
    const card = `${audit.scorecard_name} v${audit.scorecard_version}`;
    const link = can('scorecards.read') ? html`<a href="#/audits/scorecards/${audit.scorecard_id}?version=${audit.scorecard_version}">${card}</a>` : card;
    document.title = `${audit.employee_name || 'Audit'}, ${audit.conversation_id} · sidedesk`;

    paint(root, html`<div id="top"></div><div class="audit">
      <section class="audit__side" aria-label="Verdict and criteria" tabindex="0"><div id="verdict"></div><h2 class="sr">Criteria</h2><div class="stack" id="criteria"></div></section>
      <section class="audit__main" aria-label="Transcript" id="transcript"></section></div>`);
    const show = () => {
      if (signal.aborted) return;
      paint($('#top', root), top(audit, me, can('audits.read')));
      paint($('#verdict', root), verdict(audit, link));
      paint($('#criteria', root), criteria(audit));
      paint($('#transcript', root), transcript(audit, link));
    };
    show();

    // Where the reader is: a criterion, and which of its quotes.
    const stops = () => audit.criteria.flatMap((c) => c.quotes.map((_, k) => [c.id, k]));
    let current = ['', 0];
    const sentences = (id) => $$('[data-of]', root).filter((el) => el.dataset.of.split(' ').includes(id));
    const box = (id) => $$('[data-crit]', root).find((el) => el.dataset.crit === id);
    const reveal = (el) => el?.scrollIntoView({ block: 'center', behavior: calm.matches ? 'auto' : 'smooth' });
    const light = (id, k) => {
      current = [id, k];
      $$('.is-lit', root).forEach((el) => el.classList.remove('is-lit'));
      [box(id), ...sentences(id)].forEach((el) => el?.classList.add('is-lit'));
      history.replaceState(null, '', `#/audits/${params.id}?c=${encodeURIComponent(id)}`); // the address of this sentence
    };
    const toCriterion = (id) => { light(id, 0); box(id)?.focus({ preventScroll: true }); reveal(box(id)); };
    const toQuote = (id, k = 0) => {
      light(id, k);
      const quote = audit.criteria.find((c) => c.id === id)?.quotes[k];
      const found = sentences(id);
      const el = found.find((one) => quote && (quote.text.startsWith(one.textContent) || one.textContent.startsWith(quote.text))) ?? found[0];
      if (!el) { toCriterion(id); return; }
      reveal(el);
      let button = el.nextElementSibling;
      while (button && button.dataset.toCriterion !== id) button = button.nextElementSibling;
      button?.focus({ preventScroll: true });
      if (sideBySide.matches) box(id)?.scrollIntoView({ block: 'nearest' });
    };
    const step = (by) => {
      const all = stops();
      if (all.length === 0) return;
      const found = all.findIndex((one) => same(one, current));
      toQuote(...all[found < 0 ? (by > 0 ? 0 : all.length - 1) : (found + by + all.length) % all.length]);
    };
    on(root, 'click', '[data-to-criterion]', (_, el) => toCriterion(el.dataset.toCriterion), signal);
    on(root, 'click', '[data-to-quote]', (_, el) => toQuote(el.dataset.toQuote, Number(el.dataset.k)), signal);
    on(root, 'click', '[data-step]', (_, el) => step(Number(el.dataset.step)), signal);

    const reload = async (said) => {
      if (signal.aborted) return;
      toast(said);
      try { audit = await api(at, { signal }); show(); } catch (error) { complain(error); }
      refreshMe().catch(() => {});
    };
    const dispute = async () => { if (await disputeForm(audit, current[0], signal)) await reload('Dispute sent. You will be told how it was decided.'); };
    const withForm = (open, said) => async (_, button) => {
      try {
        const judged = await busy(button, () => scorecardOf(audit, signal));
        const done = await open(judged);
        if (done) await reload(said(done));
      } catch (error) { complain(error); }
    };
    on(root, 'click', '[data-dispute]', dispute, signal);
    on(root, 'click', '[data-decide]', withForm((marked) => resolveForm(audit, marked, signal), (done) => `Dispute ${done.status}. The person is told.`), signal);
    on(root, 'click', '[data-review]', withForm((marked) => reviewForm(audit, marked, me, signal), () => 'Your marks are saved.'), signal);
    bind([
      { keys: ['j', 'n'], shown: ['j'], label: 'Next quote', run: () => step(1) },
      { keys: ['k', 'p'], shown: ['k'], label: 'Previous quote', run: () => step(-1) },
      ...(audit.mine ? [{ keys: ['d'], label: 'Dispute', off: () => !audit.may_dispute, run: dispute }] : []),
    ], signal);
    const wanted = query.get('c');
    if (wanted && audit.criteria.some((c) => c.id === wanted)) toQuote(wanted);
  },
};

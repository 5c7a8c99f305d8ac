// Usage: what the models cost this month, and on what.

import { html, paint } from '../../lib/dom.js';
import { api } from '../../lib/api.js';
import { big, humanise, money } from '../../lib/format.js';
import { bar, empty, note } from '../../lib/ui.js';

const monthName = (month) => new Intl.DateTimeFormat('en-GB', { month: 'long', year: 'numeric', timeZone: 'UTC' }).format(new Date(`${month.slice(0, 7)}-15T00:00:00Z`));

const row = (u) => html`<tr><th scope="row">${humanise(u.purpose)}<span class="cell-sub only-phone">${u.model}</span></th><td class="mono not-phone">${u.model}</td><td class="r not-phone">${big(Number(u.quantity))} ${u.unit}</td><td class="r">${money(Number(u.cost_usd))}</td></tr>`;

export default {
  async mount(root, { signal }) {
    const usage = await api('/api/usage', { signal });
    const [cap, spent, reserved] = [usage.cap_usd, usage.spent_usd, usage.reserved_usd].map((n) => (n === null ? null : Number(n)));
    const part = (n) => (cap ? Math.min(100, (n / cap) * 100) : 0);
    const tight = cap !== null && spent + reserved >= cap * 0.9;
    paint(root, html`<section class="progress" aria-label="This month">
        <div class="progress__line"><strong class="progress__figure num">${money(spent)}</strong><span class="meta">${cap === null ? 'no cap' : html`of ${money(cap)}`} in ${monthName(usage.month)}</span></div>
        ${cap !== null && bar([[tight ? 'warn' : 'done', part(spent)], ['idle', part(reserved)]], `${money(spent)} of ${money(cap)} spent, ${money(reserved)} reserved`)}
        <p class="small">${money(reserved)} more is reserved for work that is running and is given back when it costs less.</p>
        ${tight && note('warn', html`<strong>Close to the cap</strong><span>At the cap, work pauses until the month ends or an admin raises it under General.</span>`)}</section>
      <section class="section"><div class="section__head"><h2>On what</h2></div>${usage.by_purpose.length === 0
        ? html`<div class="panel">${empty({ title: 'Nothing was spent this month', text: 'Every call to a model shows up here with its cost.' })}</div>`
        : html`<div class="table-wrap"><table><caption class="sr">Cost by purpose</caption><thead><tr><th scope="col">Purpose</th><th class="not-phone" scope="col">Model</th><th class="r not-phone" scope="col">Amount</th><th class="r" scope="col">Cost</th></tr></thead><tbody>${[...usage.by_purpose].sort((a, b) => b.cost_usd - a.cost_usd).map(row)}</tbody></table></div>`}</section>`);
  },
};

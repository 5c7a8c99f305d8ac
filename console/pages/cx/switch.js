// The switch for drafts: whether it is on, and who may turn it.

import { html, on, paint } from '../../lib/dom.js';
import { api } from '../../lib/api.js';
import { problems, showErrors } from '../../lib/forms.js';
import { ask, badge, complain, toast } from '../../lib/ui.js';

const FLAG = 'AI_CUSTOMER_DRAFT_ENABLED';

const view = (isOn, may) => html`<div class="switch"><div class="switch__text"><p class="row">${isOn ? badge('active', 'Drafting is on') : badge('paused', 'Drafting is off')}</p>
  <p class="meta">${isOn ? 'Each customer’s message gets a draft. A person decides about every reply.' : 'No drafts are made and none can be approved. Replies are written by hand in Chatwoot.'}</p></div>
  ${may ? html`<button class="btn" type="button" id="turn" data-turn>${isOn ? 'Switch drafting off' : 'Switch drafting on'}</button>` : html`<p class="small">An admin of your organisation can switch it.</p>`}</div>`;

/** Draws into `region` and keeps itself up to date. */
export async function draftSwitch(region, { signal, can }) {
  let settings = await api('/api/settings', { signal });
  const isOn = () => settings.flags[FLAG] === true;
  const show = () => paint(region, view(isOn(), can('settings.write')));
  const turn = async () => {
    const to = !isOn();
    const saved = await ask({
      title: to ? 'Switch drafting on?' : 'Switch drafting off?', confirm: to ? 'Switch on' : 'Switch off', danger: !to, onError: showErrors,
      body: html`<p>${to
        ? 'From now on each customer’s message gets a draft, which costs money within your cap. Nothing reaches a customer without a person’s decision.'
        : 'No new drafts are made. Replies that are approved but not yet out come back to the queue. Reading, rejecting and answering in Chatwoot go on.'}</p>${problems}`,
      submit: async () => {
        const change = () => api('/api/settings', { method: 'PUT', body: { flags: { [FLAG]: to }, version: settings.version }, signal });
        try {
          settings = await change();
        } catch (error) {
          if (error.status !== 409) throw error;
          settings = await api('/api/settings', { signal }); // somebody saved something else: this one switch is still ours to turn
          if (isOn() !== to) settings = await change();
        }
      },
    }).catch(complain);
    show();
    if (saved) toast(to ? 'Drafting is on.' : 'Drafting is off.');
  };
  on(region, 'click', '[data-turn]', turn, signal);
  show();
}

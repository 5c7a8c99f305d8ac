// Decisions. Never optimistic: a reply counts as sent only when the server says so, and a refusal keeps the person's words.

import { $, html } from '../../lib/dom.js';
import { poll } from '../../lib/poll.js';
import { api } from '../../lib/api.js';
import { busy, complain, toast } from '../../lib/ui.js';
import { flagList } from './drawer.js';
import { escalateForm, overrideForm, regenerateForm, rejectForm } from './forms.js';

const FOLLOW_MS = 1_500;

export function decisions({ detail, work, mine, desk, eyes, state, root, signal, say, show, onward, again, standing }) {
  /** It did not go: show why, and how the draft stands now. */
  const refused = async (error) => {
    if (signal.aborted) return;
    state.problem = error;
    if (error.status === 409) await desk.detail(state.openId).catch(() => {});
    show();
    $('#d-work', root)?.scrollTo(0, 0);
    $('#d-alert', root)?.scrollIntoView({ block: 'nearest' });
    again();
  };

  const secondsOn = (id) => { eyes.settle(); return Math.min(86_400, Math.round(mine.of({ ...detail(), id }).seconds)); };

  const setRow = (id, status) => { const row = desk.rows.find((one) => one.id === id); if (row) row.status = status; };

  /** Until the server says where the reply went. */
  const follow = (id, customer) => poll(async () => {
    const { status, send_problem: problem } = await desk.detail(id);
    if (status === 'sending') return 'same';
    if (status === 'sent') toast(`Sent to ${customer}.`);
    else toast(problem ? `Not sent to ${customer}: ${problem}` : `Not sent to ${customer}. It is back in the queue.`, { tone: 'alert' });
    again();
    return 'done';
  }, { every: FOLLOW_MS, slowest: 10_000, signal });

  const approved = (id, customer, { status }) => {
    mine.drop(id);
    setRow(id, status);
    say(`Approved. The reply to ${customer} is being sent.`);
    if (status === 'sent') toast(`Sent to ${customer}.`); else follow(id, customer);
    if (state.openId === id) onward(id);
    show();
    again();
  };

  async function send(override = '') {
    const item = detail();
    const { id, customer } = item;
    const own = work();
    own.key ??= crypto.randomUUID(); // the same wish until something is changed
    const body = { grades: own.grades, review_seconds: secondsOn(id), ...(own.reply !== null && { reply: own.reply }), ...(override && { override }) };
    if (override) own.key = crypto.randomUUID();
    try {
      approved(id, customer, await api(`/api/cx/approvals/${id}/approve`, { method: 'POST', key: own.key, body }));
    } catch (error) {
      if (error.status !== 0 && error.status < 500) own.key = null;
      if (error.code !== 'flagged') { await refused(error); return; }
      const reason = await overrideForm(item, html`<ul class="reasons">${error.details.map((d) => html`<li>${d.message}</li>`)}</ul>`);
      if (reason) await send(reason);
    }
  }

  const approve = async () => {
    if (detail()?.status !== 'pending') return;
    const { ready, why } = standing();
    if (!ready) { say(why); return; }
    if (detail().flags.length > 0 && work().reply === null) {
      const item = detail();
      const reason = await overrideForm(item, flagList(item.flags, item.validation));
      if (reason && state.openId === item.id) await busy($('#approve', root), () => send(reason));
      return;
    }
    await busy($('#approve', root), () => send());
  };

  const reject = async () => {
    const item = detail();
    if (item?.status !== 'pending') return;
    const { graded, why } = standing();
    if (!graded) { say(why); return; }
    const done = await rejectForm(item, work(), secondsOn(item.id), refused);
    if (!done) return;
    mine.drop(item.id);
    setRow(item.id, 'rejected');
    desk.rows = desk.rows.filter((row) => row.id !== item.id || row.id === state.openId);
    toast('Rejected. Nothing was sent.');
    if (state.openId === item.id) onward(item.id);
    again();
  };

  const regenerate = async () => {
    const item = detail();
    if (item?.status !== 'pending') return;
    const wish = state.problem?.code === 'customer_wrote_since' ? 'Answer the customer’s newest message as well.' : '';
    const done = await regenerateForm(item, refused, wish);
    if (!done) return;
    state.wishes.set(item.conversation_id, new Date().toISOString());
    state.problem = null;
    say('A new draft is being written.');
    show();
    again();
  };

  const escalate = async () => {
    const item = detail();
    if (item?.status !== 'pending') return;
    const done = await escalateForm(item, refused, signal).catch(complain);
    if (!done) return;
    toast(`Assigned to ${done.to}, who is told. Nothing was sent.`);
    await desk.detail(item.id).catch(() => {});
    if (state.openId === item.id) onward(item.id);
    show();
    again();
  };

  return { approve, reject, regenerate, escalate };
}

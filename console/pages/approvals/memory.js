// What a reviewer typed and marked, per draft, kept in the tab: a refresh, a poll or a look elsewhere loses none of it.

import { WORK } from '../../lib/session.js';
import { editRatio } from '../../lib/text.js';

const MOST = 80; // drafts remembered; the oldest are dropped

const fresh = () => ({ reply: null, grades: {}, seconds: 0, current: 'tone', view: 'edit', conversation: '' });
const touched = (work) => work.reply !== null || Object.keys(work.grades).length > 0 || work.seconds > 0;

/** The memory of one person. `of(draft)` gives the work on it, to be changed in place and then kept with `keep()`. */
export function memory(person) {
  const slot = `${WORK}approvals.${person}`;
  let works = new Map();
  try { works = new Map(JSON.parse(sessionStorage.getItem(slot)) ?? []); } catch { /* starts empty */ }

  const keep = () => {
    const worth = [...works].filter(([, work]) => touched(work)).slice(-MOST);
    try { sessionStorage.setItem(slot, JSON.stringify(worth)); } catch { /* lasts for this page only */ }
  };
  const of = ({ id, conversation_id: conversation }) => {
    if (!works.has(id)) works.set(id, fresh());
    return Object.assign(works.get(id), { conversation });
  };
  return {
    of,
    keep,
    edited: (id) => works.has(id) && works.get(id).reply !== null,
    spend: (id, seconds) => { const work = works.get(id); if (work) { work.seconds += seconds; keep(); } },
    drop: (id) => { works.delete(id); keep(); },
    /** What this person had written for an earlier draft of the same conversation. */
    writtenBefore: ({ id, conversation_id: conversation }) => [...works].findLast(([other, work]) => other !== id && work.conversation === conversation && work.reply !== null) ?? null,
  };
}

export const replyIn = (work, draft) => work.reply ?? draft;

/** 0 to 1; the same measure the API reports. */
export const share = (work, draft) => (work.reply === null ? 0 : editRatio(draft, work.reply));

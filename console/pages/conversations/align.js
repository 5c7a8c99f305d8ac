// Which raw turn became which enriched one. Enrichment keeps ids, except where two were the same or one was personal data.

/** Ids as validation gives them: what has none is t1, t2, …; the second of a kind is told apart. */
function ids(turns) {
  const seen = new Map();
  return turns.map((turn, i) => {
    const own = (turn.id ?? '').trim().slice(0, 200) || `t${i + 1}`;
    const nth = (seen.get(own) ?? 0) + 1;
    seen.set(own, nth);
    return nth === 1 ? own : `${own}-${nth}`;
  });
}

/** [{id, raw, rich}]: in the order of the enriched turns; a raw turn that was left out follows its raw neighbour. */
export function align(raw, rich) {
  if (!raw) return rich.map((turn) => ({ id: turn.id, raw: null, rich: turn }));
  const named = ids(raw).map((id, i) => ({ id, turn: raw[i], place: i }));
  if (!rich) return named.map(({ id, turn }) => ({ id, raw: turn, rich: null }));
  const byId = new Map(named.map((one) => [one.id, one]));
  const pairs = rich.map((turn) => ({ rich: turn, from: byId.get(turn.id) ?? null }));
  const used = new Set(pairs.map((pair) => pair.from).filter(Boolean));
  // An id that was a phone number is a placeholder now: what is left over on both sides belongs together in its order.
  const left = named.filter((one) => !used.has(one));
  const open = pairs.filter((pair) => !pair.from);
  if (open.length > 0 && left.length >= open.length) {
    open.forEach((pair, i) => { pair.from = left[i]; });
    left.splice(0, open.length);
  }
  const rows = pairs.map(({ rich: turn, from }) => ({ id: from?.id ?? turn.id, raw: from?.turn ?? null, rich: turn, place: from?.place ?? -1 }));
  for (const one of left) {
    const before = rows.findIndex((row) => row.place === one.place - 1);
    rows.splice(before < 0 && one.place > 0 ? rows.length : before + 1, 0, { id: one.id, raw: one.turn, rich: null, place: one.place });
  }
  return rows;
}

const squeeze = (text) => text.replace(/\s+/g, ' ').trim();
/** A turn whose words stayed as they were has no difference to look at. */
export const changed = ({ raw, rich }) => !raw || !rich || squeeze(raw.text) !== squeeze(rich.text) || raw.role !== rich.role;

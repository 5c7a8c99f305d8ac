// From an Intercom chat to the turns a judge reads, whose chat it is, and whether it is worth judging.
const { admin_id, attribution } = $('Normalise').first().json;
const scorecard = $('Get scorecard').first().json;
const FEWEST_WORDS = 10;
const MOST_CHARACTERS = 200000; // about 50,000 tokens: what common models read in one go with room for the answer

const ROLES = { user: 'client', lead: 'client', contact: 'client', admin: 'agent', bot: 'bot' };
const SELLING = /\b(?:seo|backlinks?|guest posts?|first page of google|rank(?:ing)? (?:higher|your)|casino|crypto|bitcoin|viagra|forex|payday|web (?:design|development) services|lead generation|promote your (?:site|business|website)|increase your (?:traffic|sales))\b/i;
const AUTOMATIC = /^[^\p{L}\p{N}_]*(?:re:\s*)?(?:automatic reply|auto-?reply|out of (?:the )?office|abwesenheitsnotiz|automatische antwort|respuesta automática|réponse automatique|resposta automática)|\b(?:this is an automat(?:ic|ed) (?:reply|response|message)|i am (?:currently )?out of (?:the )?office)\b/iu;

const ENTITIES = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: '\u00a0', rsquo: '’', lsquo: '‘', rdquo: '”', ldquo: '“', ndash: '–', mdash: '—', hellip: '…' };
const plain = body => {
  let text = String(body ?? '');
  const markup = /<\/?(?:p|br|div|a|b|i|ul|ol|li|img|span|strong|em|h[1-6])\b[^>]*>/gi;
  if (markup.test(text)) {
    text = text.replace(/<(?:br\s*\/?|\/p|\/div|\/li|\/h[1-6])>/gi, '\n').replace(markup, '').replace(/&(?:#(\d+)|#x([0-9a-f]+)|(\w+));/gi,
      (whole, decimal, hex, name) => decimal ? String.fromCodePoint(+decimal) : hex ? String.fromCodePoint(parseInt(hex, 16)) : ENTITIES[name] ?? whole);
  }
  return text.trim().split(/\r\n|[\n\r]/).map(line => line.trimEnd()).join('\n');
};
const words = text => {
  const unspaced = /[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]/g; // written without spaces: two characters count as one word
  const spaced = text.replace(unspaced, ' ').match(/[\p{L}\p{N}]+(?:['’][\p{L}\p{N}]+)?/gu) ?? [];
  return spaced.length + Math.floor(((text.match(unspaced) ?? []).length + 1) / 2);
};
const turn = part => {
  const author = part.author ?? {};
  let role = ROLES[author.type];
  const text = plain(part.body);
  if (!role || !text || part.redacted) return null; // an event: it says nothing
  if (part.part_type === 'note') role = 'note';
  else if (role === 'agent' && (author.from_ai_agent || author.is_ai_answer)) role = 'bot'; // an automatic answer under a teammate's name
  return {
    part_id: String(part.id ?? ''),
    role,
    author: String(author.name ?? '').slice(0, 300),
    author_id: author.id == null ? null : String(author.id),
    text,
    at: Number.isFinite(part.created_at) ? new Date(part.created_at * 1000).toISOString().replace('.000Z', 'Z') : null,
  };
};

const chat = $json;
const conversation_id = String(chat.id);
const listed = chat.conversation_parts ?? {};
const parts = listed.conversation_parts ?? [];
// The first message is the source, not a part.
const first = chat.source ? [{ ...chat.source, part_type: 'comment', created_at: chat.created_at }] : [];
const turns = [...first, ...parts].map(turn).filter(Boolean);
const missing = Math.max(0, ...[listed.total_count, chat.statistics?.count_conversation_parts].filter(Number.isInteger).map(n => n - parts.length));
const by = role => turns.filter(t => t.role === role);
const client = by('client'), agent = by('agent');
const own = agent.filter(t => t.author_id === admin_id);

// A chat that was passed on is not blamed on whoever holds it now, unless the tenant wants just that.
const mainAuthor = () => {
  const counted = new Map();
  for (const t of agent) if (t.author_id) counted.set(t.author_id, (counted.get(t.author_id) ?? 0) + words(t.text));
  return [...counted].reduce((best, one) => (best && best[1] >= one[1] ? best : one), null)?.[0];
};
const theirs = attribution === 'assignee' ? String(chat.admin_assignee_id ?? '') === admin_id
  : attribution === 'main_author' ? mainAuthor() === admin_id : own.length > 0;
if (!theirs) return { json: { conversation_id, theirs: false } };

const opening = client[0]?.text ?? '';
const tags = (chat.tags?.tags ?? []).map(tag => String(tag.name ?? '').toLowerCase());
let skipped_reason = null;
if (chat.source?.author?.type === 'admin' && !client.length) skipped_reason = 'internal forward';
else if (tags.includes('spam') || (!agent.length && SELLING.test(opening))) skipped_reason = 'spam';
else if (AUTOMATIC.test(opening)) skipped_reason = 'automatic reply';
else if ([...client, ...agent].reduce((sum, t) => sum + words(t.text), 0) < FEWEST_WORDS) skipped_reason = 'fewer than ten words';
else if (!own.length) skipped_reason = 'no message by the audited person';
if (skipped_reason) return { json: { conversation_id, theirs: true, skipped_reason, transcript: turns, missing } };

const size = turns.reduce((sum, t) => sum + t.text.length, 0);
if (size > MOST_CHARACTERS) throw new Error(`This chat has ${size} characters; this workflow judges up to ${MOST_CHARACTERS} in one reading. The native engine reads longer ones in parts.`);

// JSON, one turn a line: nobody can write a turn of somebody else into it.
const shown = turns.map(t => JSON.stringify({
  part_id: t.part_id, role: t.role === 'agent' && t.author_id !== admin_id ? 'colleague' : t.role, author: t.author, at: t.at, text: t.text,
}));
const criteria = (scorecard.criteria ?? []).map(c => JSON.stringify(c));
if (!criteria.length) throw new Error('The scorecard has no criteria.');
const prompt = `Scorecard:\n[\n${criteria.join(',\n')}\n]\n\nThe conversation, one turn per line:\n[\n${shown.join(',\n')}\n]`;
return { json: { conversation_id, theirs: true, skipped_reason: null, transcript: turns, missing, prompt } };

// The model's answer, checked against the scorecard, as the body of the callback. A chat that was not judged says why.
const { meta, model } = $('Normalise').first().json;
const chat = $('Transcript').first().json;
const criteria = $('Get scorecard').first().json.criteria;

const common = { ...meta, conversation_id: chat.conversation_id, transcript: chat.transcript, missing_messages: chat.missing };
if (chat.skipped_reason) return { json: { ...common, skipped_reason: chat.skipped_reason, ai_scorecard_data: {}, ai_confidence_score: null, ai_notes: '' } };

const said = $json.text ?? $json.response ?? $json;
let answer;
try {
  answer = typeof said === 'string' ? JSON.parse(said.replace(/^\s*```(?:json)?|```\s*$/g, '')) : said;
} catch {
  throw new Error('The model did not answer in JSON.');
}
const marks = answer?.ai_scorecard_data;
if (!marks || typeof marks !== 'object') throw new Error('The model gave no marks.');

const problems = [];
const mark = c => {
  const given = marks[c.id];
  const word = String(given ?? '').trim().toLowerCase();
  if (!(c.id in marks)) problems.push(`${c.id} has no mark`);
  if (given == null || ['na', 'n/a', 'not applicable', 'not_applicable'].includes(word)) return null; // does not apply to this chat
  if (c.type === 'yes_no') {
    if (['yes', 'true', '1'].includes(word)) return 'yes';
    if (['no', 'false', '0'].includes(word)) return 'no';
  } else if (c.type === 'choice') {
    const option = (c.options ?? []).find(o => o.value.toLowerCase() === word);
    if (option) return option.value;
  } else if (typeof given !== 'boolean' && word !== '') {
    const number = Number(word);
    if (number >= 0 && number <= c.max) return number;
  }
  problems.push(`${c.id} cannot be ${JSON.stringify(given)}`);
  return null;
};
const ai_scorecard_data = Object.fromEntries(criteria.map(c => [c.id, mark(c)]));
if (problems.length) throw new Error(`The model's marks do not fit the scorecard: ${problems.join('; ')}.`.slice(0, 1000));

const quote = q => typeof q === 'string' ? { text: q } : { text: String(q?.text ?? ''), ...(q?.part_id == null ? {} : { part_id: String(q.part_id).slice(0, 128) }) };
const told = c => {
  const one = answer.evidence?.[c.id] ?? {};
  const quotes = (Array.isArray(one.quotes) ? one.quotes : []).map(quote).filter(q => q.text.trim()).slice(0, 10);
  return { reason: String(one.reason ?? '').slice(0, 8000), quotes: quotes.map(q => ({ ...q, text: q.text.slice(0, 8000) })) };
};
const stated = Number(answer.ai_confidence_score ?? NaN);
const confidence = stated > 1 ? stated / 100 : stated; // meant as percent
const notes = String(answer.ai_notes ?? '');
return { json: {
  ...common,
  ai_scorecard_data,
  ai_confidence_score: confidence >= 0 && confidence <= 1 ? confidence : null,
  ai_notes: (chat.missing ? `${chat.missing} older messages were not handed out by Intercom and not judged. ` : '').concat(notes).slice(0, 20000),
  evidence: Object.fromEntries(criteria.map(c => [c.id, told(c)])),
  skipped_reason: null,
  model,
} };

// The words of conversations, once: states, sources, reasons of failure, labels of the model.

import { humanise } from '../../lib/format.js';

export const STATUSES = [
  ['not_started', 'Not started'], ['validating', 'Validating'], ['validated', 'Validated'], ['enrichment_in_progress', 'Enriching'],
  ['normalizing', 'Normalising'], ['completed', 'Completed'], ['failed', 'Failed'],
];
export const UNDER_WAY = ['validating', 'validated', 'enrichment_in_progress', 'normalizing'];
export const SOURCES = [['upload', 'Files'], ['chatwoot', 'Chatwoot'], ['intercom', 'Intercom'], ['generated', 'Made up']];
export const KINDS = { json: 'JSON file', jsonl: 'JSON lines file', csv: 'CSV file', chatwoot: 'Chatwoot', intercom: 'Intercom', audit: 'Audit run' };
export const STEPS = { validate: 'Validation', enrich: 'Enrichment', normalise: 'Normalisation' };

/** Why it failed, and what helps. */
export const CATEGORIES = {
  invalid_raw: ['The conversation itself cannot be used', 'Mend it where it comes from, import it again, then retry.'],
  llm_refused: ['The model refused', 'Asking again rarely helps. Read the conversation, or remove it.'],
  llm_unavailable: ['No usable answer from the model', 'Retry in a while. If it goes on, look at the provider and the spending cap.'],
  storage: ['The file store did not answer', 'Retry in a while.'],
  timeout: ['It took too long', 'Retry it; long conversations go on where they stopped.'],
};
export const categoryName = (id) => CATEGORIES[id]?.[0] ?? (id ? humanise(id) : 'For another reason');

export const nameOf = (c) => c.title || c.customer || c.external_id;
export const sourceName = (id) => SOURCES.find(([s]) => s === id)?.[1] ?? humanise(id);

const languages = new Intl.DisplayNames(['en-GB'], { type: 'language', fallback: 'code' });
export function languageName(code) {
  if (!code) return '';
  if (code === 'und') return 'Unknown';
  try { return languages.of(code); } catch { return code; }
}

// The one way to talk to the API: one error shape, safe retries, keys for writes.

export class ApiError extends Error {
  constructor({ status, code, message, details = [], requestId = '', retryAfter = 0 }) {
    super(message);
    Object.assign(this, { status, code, details, requestId, retryAfter });
  }
  get retryable() { return this.status === 0 || this.status === 429 || this.status >= 502; }
}

let token = () => '';
let refused = () => {};
/** Where the token comes from, and whom to tell when the server no longer takes it. */
export const useToken = (read, onRefused) => { token = read; refused = onRefused; };

const ATTEMPTS = 3;
const TIMEOUT_MS = 15_000;
const LONGEST_WAIT_S = 10; // asked to wait longer than this, a person should know and decide

function pause(ms, signal) {
  return new Promise((done, fail) => {
    if (signal?.aborted) { fail(signal.reason); return; }
    const stop = () => { clearTimeout(timer); fail(signal.reason); };
    const timer = setTimeout(() => { signal?.removeEventListener('abort', stop); done(); }, ms);
    signal?.addEventListener('abort', stop, { once: true });
  });
}

async function once(path, options, outer, as) {
  let response;
  let body;
  try {
    response = await fetch(path, options);
    body = response.ok && as ? await response.blob() : response.status === 204 ? null : await response.json().catch((cause) => { if (cause.name === 'SyntaxError') return null; throw cause; });
  } catch (cause) {
    if (outer?.aborted) throw cause;
    const timedOut = cause?.name === 'TimeoutError';
    throw new ApiError({
      status: 0,
      code: timedOut ? 'timeout' : 'network',
      message: timedOut ? 'The server took too long to answer.' : 'The server could not be reached. Check the connection.',
    });
  }
  if (response.ok) return body;
  throw new ApiError({
    status: response.status,
    code: body?.code ?? `http_${response.status}`,
    message: body?.error ?? body?.message ?? 'The server answered in a way the console does not understand.',
    details: body?.details ?? [],
    requestId: body?.request_id ?? '',
    retryAfter: Number(response.headers.get('Retry-After')) || 0,
  });
}

/**
 * Reads, and POSTs (they carry a key), are tried again when that can help.
 * Pass the same `key` when a person presses Retry: it is the same wish.
 * With `as: 'text/csv'` the answer is a Blob of that type. `prefer: 'respond-async'` asks not to wait for the end of long work.
 */
export async function api(path, { method = 'GET', body, key, signal, as = '', patience = TIMEOUT_MS, prefer = '' } = {}) {
  const sent = token();
  const headers = { Accept: as || 'application/json' };
  if (prefer) headers.Prefer = prefer;
  if (sent) headers.Authorization = `Bearer ${sent}`;
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (method === 'POST') headers['Idempotency-Key'] = key ?? crypto.randomUUID();
  const repeatable = method === 'GET' || method === 'POST';

  for (let attempt = 1; ; attempt += 1) {
    const limit = AbortSignal.timeout(patience);
    try {
      return await once(path, {
        method,
        headers,
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: signal ? AbortSignal.any([signal, limit]) : limit,
      }, signal, as);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status === 401) refused(sent);
      if (!repeatable || !error.retryable || attempt >= ATTEMPTS || error.retryAfter > LONGEST_WAIT_S) throw error;
      await pause(error.retryAfter ? error.retryAfter * 1000 : 400 * 2 ** (attempt - 1) * (0.7 + Math.random() * 0.6), signal);
    }
  }
}

/** One page of a list: {data, next_cursor}. */
export const list = (path, { limit = 25, cursor = '', signal, ...filters } = {}) => {
  const wanted = Object.entries({ limit, cursor, ...filters }).filter(([, value]) => value !== '' && value !== undefined && value !== null);
  return api(`${path}?${new URLSearchParams(wanted)}`, { signal });
};

/** A whole short list (people, scorecards), read page by page up to `most` rows. */
export async function all(path, { signal, most = 500, ...filters } = {}) {
  const rows = [];
  let cursor = '';
  do {
    const page = await list(path, { limit: 100, cursor, signal, ...filters });
    rows.push(...page.data);
    cursor = page.next_cursor ?? '';
  } while (cursor && rows.length < most);
  return rows;
}

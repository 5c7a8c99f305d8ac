// Large files go straight to the file store: an address from the API, the bytes, then the API's check of them.

import { api, ApiError } from './api.js';

/** Resolves to the id that other calls take as `upload_id`. `progress(share)` is told how much has left, 0 to 1. */
export async function upload(file, { purpose, type, signal, progress = () => {} }) {
  const slot = await api('/api/uploads', { method: 'POST', signal, body: { purpose, filename: file.name, content_type: type, size: file.size } });
  await put(slot, file, signal, progress);
  await api(`/api/uploads/${slot.upload_id}/complete`, { method: 'POST', signal });
  return slot.upload_id;
}

// Not fetch(): it does not say how much has left.
const put = (slot, file, signal, progress) => new Promise((done, fail) => {
  const request = new XMLHttpRequest();
  const refuse = (message) => fail(new ApiError({ status: request.status, code: 'upload_failed', message }));
  const stop = () => request.abort();
  request.open(slot.method, slot.url);
  Object.entries(slot.headers).forEach(([name, value]) => request.setRequestHeader(name, value));
  request.upload.addEventListener('progress', (event) => { if (event.lengthComputable) progress(event.loaded / event.total); });
  request.addEventListener('load', () => (request.status < 300 ? done() : refuse('The file store did not take the file. Nothing was imported; try again.')));
  request.addEventListener('error', () => refuse('The file did not arrive: the connection to the file store broke. Nothing was imported; try again.'));
  request.addEventListener('abort', () => fail(signal.reason));
  request.addEventListener('loadend', () => signal.removeEventListener('abort', stop));
  signal.addEventListener('abort', stop, { once: true });
  request.send(file);
});

// Files from the API: fetched with the person's token, then handed to the browser under a name.

import { api } from './api.js';

const PATIENCE_MS = 60_000; // a whole table takes longer than a page of it

/** A file that lies elsewhere, under an address that says its name. */
export function fetchFrom(url) {
  const link = document.createElement('a');
  link.href = url;
  link.rel = 'noopener';
  link.click();
}

/** A file that is too large to be sent at once comes as JSON with the `url` where it lies. */
export async function save(path, { as, name, signal }) {
  const file = await api(path, { as, signal, patience: PATIENCE_MS });
  const elsewhere = file.type.startsWith('application/json') ? JSON.parse(await file.text()).url : '';
  const address = elsewhere || URL.createObjectURL(file);
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  if (!elsewhere) setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

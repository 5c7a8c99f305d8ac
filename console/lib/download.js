// Files from the API: fetched with the person's token, then handed to the browser under a name.

import { api } from './api.js';

const PATIENCE_MS = 60_000; // a whole table takes longer than a page of it

export async function save(path, { as, name, signal }) {
  const address = URL.createObjectURL(await api(path, { as, signal, patience: PATIENCE_MS }));
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

// A stylesheet of a few pages only: fetched with the first of them, so that the first load stays small.

const asked = new Map();

/** `style(new URL('./x.css', import.meta.url))` settles when it applies. */
export function style(url) {
  const address = String(url);
  if (!asked.has(address)) {
    asked.set(address, new Promise((done, fail) => {
      const link = document.createElement('link');
      link.rel = 'stylesheet';
      link.href = address;
      link.addEventListener('load', done, { once: true });
      link.addEventListener('error', () => { asked.delete(address); link.remove(); fail(new Error('A part of the console did not load. Check the connection, then try again.')); }, { once: true });
      document.head.append(link);
    }));
  }
  return asked.get(address);
}

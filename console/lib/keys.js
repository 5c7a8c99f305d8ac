// Keyboard: single letters, never while typing, listed by "?".

const typing = (el) => el instanceof HTMLElement
  && (el.isContentEditable || el.matches('textarea, select, input:not([type=radio]):not([type=checkbox]):not([type=button])'));

let active = [];
export const shortcuts = () => active.filter((s) => !s.hidden);

/** bind([{keys: ['j'], label: 'Next reply', run}], signal); `hidden` keeps a key off the list, `off` switches it off. */
export function bind(list, signal) {
  active = [...active, ...list];
  signal.addEventListener('abort', () => { active = active.filter((s) => !list.includes(s)); }, { once: true });
  document.addEventListener('keydown', (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (document.querySelector('dialog[open]')) return;
    if (typing(event.target)) return;
    const hit = list.find((s) => s.keys.includes(event.key));
    if (!hit || hit.off?.()) return;
    event.preventDefault();
    hit.run(event);
  }, { signal });
}

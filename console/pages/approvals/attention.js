// How long a draft was really looked at: open, and the tab in sight.

/** `spend(id, seconds)` is told whenever the eyes leave a draft. */
export function attention(spend, signal) {
  let id = null;
  let since = 0;
  const settle = () => {
    if (id !== null && since > 0) spend(id, (performance.now() - since) / 1000);
    since = 0;
  };
  const watch = () => { since = id !== null && !document.hidden ? performance.now() : 0; };
  const turn = () => { settle(); watch(); };
  document.addEventListener('visibilitychange', turn, { signal });
  addEventListener('pagehide', turn, { signal });
  signal.addEventListener('abort', settle, { once: true });
  return {
    look: (draft) => { if (draft === id) return; settle(); id = draft; watch(); },
    settle: turn,
  };
}

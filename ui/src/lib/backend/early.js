// Run by the shell before the page is read: the first question is on its way while the page comes.
// TauriBackend takes over what is here.
{
  const { invoke, transformCallback } = window.__TAURI_INTERNALS__;
  const early = {
    told: [],
    tell: (raw) => {
      early.told.push(raw);
    },
  };
  const events = transformCallback((raw) => early.tell(raw));
  early.first = invoke("subscribe", { events: `__CHANNEL__:${events}` });
  // Whoever asks for it is told; until then a failure is nobody's.
  early.first.catch(() => undefined);
  window.__TIDINGS_EARLY__ = early;
}

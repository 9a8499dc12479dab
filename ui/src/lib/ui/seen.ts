/**
 * Runs `action` every `ms` while the page is in view, and at once when it comes back: nobody sees
 * what it would do meanwhile. Answers how to stop it.
 */
export function whileSeen(ms: number, action: () => void): () => void {
  let timer: ReturnType<typeof setInterval> | undefined;
  const follow = () => {
    clearInterval(timer);
    timer = document.hidden ? undefined : setInterval(action, ms);
  };
  const turned = () => {
    follow();
    if (!document.hidden) action();
  };
  follow();
  document.addEventListener("visibilitychange", turned);
  return () => {
    clearInterval(timer);
    document.removeEventListener("visibilitychange", turned);
  };
}

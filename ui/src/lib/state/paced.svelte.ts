import { untrack } from "svelte";

/**
 * A value that changes often, read anew at most once in `ms` milliseconds, the newest wins; and not
 * while the window is hidden. For the script of a component.
 */
export function paced<T>(read: () => T, ms: number): { readonly current: T } {
  let current = $state.raw(untrack(read));
  let taken = Number.NEGATIVE_INFINITY;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const take = () => {
    timer = undefined;
    taken = performance.now();
    current = untrack(read);
  };
  $effect(() => {
    if (read() === untrack(() => current) || timer !== undefined || document.hidden) return;
    timer = setTimeout(take, Math.max(0, taken + ms - performance.now()));
  });
  $effect(() => {
    const onchange = () => {
      clearTimeout(timer);
      timer = undefined;
      if (!document.hidden) take();
    };
    document.addEventListener("visibilitychange", onchange);
    return () => {
      document.removeEventListener("visibilitychange", onchange);
      clearTimeout(timer);
    };
  });
  return {
    get current() {
      return current;
    },
  };
}

import { tick } from "svelte";

let last: Element | undefined;

/** Keeps in mind where the focus in the window was: an overlay's cover takes it away. */
export function trackFocus(event: FocusEvent): void {
  if (event.target instanceof Element) last = event.target;
}

/** Remembers what has the focus; answers how to give it back, once nothing covers it any more. */
export function rememberFocus(): () => void {
  const now = document.activeElement;
  const before = now === null || now === document.body ? last : now;
  return () => {
    void tick().then(() => {
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    });
  };
}

/** Puts the focus on the marked field of a page as it appears. */
export function focusMarked(page: HTMLElement): void {
  page.querySelector<HTMLElement>("[data-autofocus]")?.focus();
}

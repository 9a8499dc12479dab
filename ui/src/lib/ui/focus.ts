import { tick } from "svelte";
import type { Attachment } from "svelte/attachments";

/** A list that keeps the focus inside itself when a row goes. */
export const KEEPS = "data-keeps-focus";

/** What had the focus in the window last, and what it stood in, innermost first. */
let trail: Element[] = [];

/** Keeps in mind where the focus in the window was: an overlay's cover takes it away. */
export function trackFocus(event: FocusEvent): void {
  trail = [];
  for (let at = event.target; at instanceof Element; at = at.parentElement) trail.push(at);
}

/** Remembers what has the focus; answers how to give it back, once nothing covers it any more. */
export function rememberFocus(): () => void {
  const now = document.activeElement;
  const before = now === null || now === document.body ? trail[0] : now;
  return () => {
    void tick().then(() => {
      if (!(before instanceof HTMLElement)) return;
      if (before.isConnected) before.focus();
      else focusNearby();
    });
  };
}

/**
 * When what has the focus leaves the page (a message that is deleted, a rule that is gone), what it
 * stood in gets it. Otherwise the keyboard would begin at the top of the page again.
 */
export const keepFocus: Attachment<HTMLElement> = (root) => {
  const observer = new MutationObserver(() => {
    if (root.inert || document.activeElement !== document.body) return;
    if (trail[0] === undefined || trail[0].isConnected) return;
    // A list of one tab stop puts it on the row that is there now.
    if (trail.some((each) => each.isConnected && each.hasAttribute(KEEPS))) return;
    focusNearby();
  });
  observer.observe(root, { childList: true, subtree: true });
  return () => observer.disconnect();
};

/** Gives the focus back to what had it; where that is gone, to what was next to it in the window. */
export function focusAgain(before: EventTarget | null): void {
  if (document.activeElement !== document.body) return;
  const place = before ?? trail[0];
  if (place instanceof HTMLElement && place.isConnected) place.focus({ preventScroll: true });
  if (document.activeElement === document.body) focusNearby();
}

/** Pressed with the pointer it takes the focus from nothing: for what belongs to a field. */
export const takesNoFocus: Attachment<HTMLElement> = (node) => {
  const onmousedown = (event: MouseEvent) => event.preventDefault();
  node.addEventListener("mousedown", onmousedown);
  return () => node.removeEventListener("mousedown", onmousedown);
};

/** What the focus's last place stood in gets it. */
export function focusNearby(): void {
  const place = trail.find(
    (each): each is HTMLElement =>
      each instanceof HTMLElement &&
      each.isConnected &&
      (each.tabIndex >= 0 || each.dataset.region !== undefined),
  );
  const main = document.querySelector<HTMLElement>("[data-region=messages]");
  if (place === undefined) enter(main ?? document.body);
  else if (place.tabIndex >= 0) place.focus({ preventScroll: true });
  else enter(place);
}

/** Puts the focus where one begins in a region. */
export function enter(region: HTMLElement): void {
  const inner = region.querySelector<HTMLElement>(
    "[data-region-focus], textarea, [tabindex='0'], button:not([tabindex='-1'])",
  );
  (inner ?? region).focus();
}

/** Puts the focus on the marked field of a page as it appears. */
export function focusMarked(page: HTMLElement): void {
  page.querySelector<HTMLElement>("[data-autofocus]")?.focus();
}

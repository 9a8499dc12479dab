import type { Attachment } from "svelte/attachments";

/**
 * Moves focus among the elements that match `selector` with the arrow keys, Home and End, so that
 * a list is one tab stop. With `choose`, moving also clicks, as in a radio group.
 */
export function arrowKeys(selector: string, choose = false): Attachment<HTMLElement> {
  return (node) => {
    const onkeydown = (event: KeyboardEvent) => {
      const sideways = event.key === "ArrowRight" || event.key === "ArrowLeft";
      const known = STEP[event.key];
      const step = sideways && typeof known === "number" ? known * inline(node) : known;
      if (step === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
      const items = [...node.querySelectorAll<HTMLElement>(selector)];
      const at = items.indexOf(document.activeElement as HTMLElement);
      if (at < 0) return;
      const to = step === "first" ? 0 : step === "last" ? items.length - 1 : at + step;
      const target = items[Math.min(items.length - 1, Math.max(0, to))];
      if (!target) return;
      event.preventDefault();
      target.focus();
      if (choose) target.click();
    };
    node.addEventListener("keydown", onkeydown);
    return () => node.removeEventListener("keydown", onkeydown);
  };
}

/** 1 where what follows is on the right, -1 where it is on the left. */
export function inline(node: Element): 1 | -1 {
  return getComputedStyle(node).direction === "rtl" ? -1 : 1;
}

const STEP: Record<string, number | "first" | "last" | undefined> = {
  ArrowDown: 1,
  ArrowRight: 1,
  ArrowUp: -1,
  ArrowLeft: -1,
  Home: "first",
  End: "last",
};

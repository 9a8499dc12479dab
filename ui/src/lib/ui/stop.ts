import type { Attachment } from "svelte/attachments";
import { focusNearby, KEEPS } from "./focus";
import { inline } from "./rove";

interface Parts {
  /** What ↑ and ↓ go through. */
  readonly row: string;
  /** What ← and → go through in a row that holds several; without it a row is what has the focus. */
  readonly item?: string;
}

/**
 * Makes a list one tab stop: the arrow keys, Home and End move inside of it, and Tab comes back to
 * where one was, else to what is current, else to the first. A row that goes away or moves while it
 * has the focus leaves it in the list.
 */
export function oneStop({ row, item }: Parts): Attachment<HTMLElement> {
  return (list) => {
    /** What has, or had, the focus; and where its row was. */
    let last: HTMLElement | undefined;
    let place = 0;
    let column = 0;
    let inside = false;

    const rows = () => [...list.querySelectorAll<HTMLElement>(row)];
    const items = (of: HTMLElement) =>
      item === undefined
        ? [of]
        : [...of.querySelectorAll<HTMLElement>(item)].filter((each) => !each.matches(":disabled"));
    const cell = (of: HTMLElement | undefined, at: number) => {
      const cells = of ? items(of) : [];
      return cells[Math.min(at, cells.length - 1)];
    };

    function settle(): void {
      const all = rows().flatMap(items);
      const stop =
        (last && all.includes(last) ? last : undefined) ??
        all.find((each) => each.getAttribute("aria-current") === "true") ??
        all[0];
      for (const each of all) {
        const wanted = each === stop ? 0 : -1;
        if (each.tabIndex !== wanted) each.tabIndex = wanted;
      }
    }

    function onfocusin({ target }: FocusEvent): void {
      const all = rows();
      const at = all.findIndex((each) => each.contains(target as Node));
      const within = all[at];
      if (!within) return;
      const cells = items(within);
      const among = cells.indexOf(target as HTMLElement);
      if (among < 0) return;
      last = cells[among];
      place = at;
      column = among;
      inside = true;
      settle();
    }

    function onfocusout({ relatedTarget }: FocusEvent): void {
      // What is taken out of the page loses the focus to nothing.
      if (relatedTarget !== null) inside = false;
    }

    function onpointerdown({ target }: PointerEvent): void {
      if (!list.contains(target as Node)) inside = false;
    }

    function onkeydown(event: KeyboardEvent): void {
      if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
      const all = rows();
      const at = all.findIndex((each) => each.contains(document.activeElement));
      const within = all[at];
      if (!within) return;
      const cells = items(within);
      const among = cells.indexOf(document.activeElement as HTMLElement);
      if (among < 0) return;
      const to = target(event.key, all, at, cells, among);
      if (!to) return;
      event.preventDefault();
      to.focus();
    }

    function target(
      key: string,
      all: readonly HTMLElement[],
      at: number,
      cells: readonly HTMLElement[],
      among: number,
    ): HTMLElement | undefined {
      const forward = inline(list);
      switch (key) {
        case "ArrowDown":
          return cell(all[Math.min(at + 1, all.length - 1)], among);
        case "ArrowUp":
          return cell(all[Math.max(at - 1, 0)], among);
        case "Home":
          return cell(all[0], 0);
        case "End":
          return cell(all.at(-1), 0);
        case "ArrowRight":
          return item === undefined ? undefined : cells[among + forward];
        case "ArrowLeft":
          return item === undefined ? undefined : cells[among - forward];
        default:
          return undefined;
      }
    }

    const observer = new MutationObserver(() => {
      settle();
      if (!inside || !last || document.activeElement !== document.body) return;
      const all = rows();
      const back =
        last.isConnected && list.contains(last)
          ? last
          : cell(all[Math.min(place, all.length - 1)], column);
      if (back) {
        back.focus({ preventScroll: true });
      } else {
        inside = false;
        focusNearby();
      }
    });
    observer.observe(list, {
      childList: true,
      subtree: true,
      attributes: true,
      attributeFilter: ["aria-current", "disabled"],
    });
    list.addEventListener("focusin", onfocusin);
    list.addEventListener("focusout", onfocusout);
    list.addEventListener("keydown", onkeydown);
    document.addEventListener("pointerdown", onpointerdown);
    list.setAttribute(KEEPS, "");
    settle();
    return () => {
      observer.disconnect();
      list.removeEventListener("focusin", onfocusin);
      list.removeEventListener("focusout", onfocusout);
      list.removeEventListener("keydown", onkeydown);
      document.removeEventListener("pointerdown", onpointerdown);
    };
  };
}

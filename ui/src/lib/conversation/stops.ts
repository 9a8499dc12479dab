import type { Attachment } from "svelte/attachments";
import type { Row } from "./rows";

/** A row that the keyboard goes to. */
type Stop = Extract<Row, { message: unknown }>;

export function isStop(row: Row): row is Stop {
  return "message" in row;
}

/** The message before (-1) or after (1) a row. */
export function nextStop(rows: readonly Row[], key: string, step: 1 | -1): string | undefined {
  const at = rows.findIndex((row) => row.key === key);
  if (at < 0) return undefined;
  const on = step > 0 ? rows.slice(at + 1) : rows.slice(0, at).reverse();
  return on.find(isStop)?.key;
}

/** The message that stands where one stood that is gone: the one after it, else the one before. */
export function standIn(
  before: readonly Row[],
  now: readonly Row[],
  key: string,
): string | undefined {
  const left = new Set(now.filter(isStop).map((row) => row.key));
  const at = before.findIndex((row) => row.key === key);
  if (at < 0) return undefined;
  const near = [...before.slice(at + 1), ...before.slice(0, at).reverse()];
  return near.find((row) => left.has(row.key))?.key;
}

/**
 * The message that Tab goes to: the one that has the focus or had it last, as long as it is in
 * view; else the newest in view. Nobody is taken away from what is being read.
 */
export function stopIn(
  rows: readonly Row[],
  focused: string | undefined,
  reached: string | undefined,
  view: { first: string | undefined; last: string | undefined },
): string | undefined {
  if (focused !== undefined) return focused;
  const from = rows.findIndex((row) => row.key === view.first);
  const to = rows.findIndex((row) => row.key === view.last);
  const inView = from < 0 || to < 0 ? [] : rows.slice(from, to + 1).filter(isStop);
  const stop = inView.find((row) => row.key === reached) ?? inView.at(-1) ?? rows.findLast(isStop);
  return stop?.key;
}

const CONTROLS = "a[href], button, input, textarea, [tabindex='0']";

/** What is inside of an element is gone to by Tab only while `open` says so. */
export function tabsInside(open: () => boolean): Attachment<HTMLElement> {
  return (node) => {
    if (open()) return undefined;
    const closed = new Set<HTMLElement>();
    const close = () => {
      for (const control of node.querySelectorAll<HTMLElement>(CONTROLS)) {
        if (control.tabIndex < 0) continue;
        control.tabIndex = -1;
        closed.add(control);
      }
    };
    close();
    const observer = new MutationObserver(close);
    observer.observe(node, { childList: true, subtree: true });
    return () => {
      observer.disconnect();
      for (const control of closed) control.tabIndex = 0;
    };
  };
}

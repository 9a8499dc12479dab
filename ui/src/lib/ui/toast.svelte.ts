import { tick } from "svelte";
import { focusAgain } from "./focus";
import type { IconName } from "./icons";

export interface Toast {
  icon: IconName;
  text: string;
  /** Failures are spoken at once. */
  bad?: boolean;
  action?: { label: string; run: () => void };
}

/** What keeps a toast: it is pointed at, or has the focus. */
type Hold = "pointer" | "focus";

const LIFE = 6000;
/** How many failures wait at most; beyond it the oldest are not told. */
const MOST_WAITING = 4;

/** The one toast that may be shown. */
export const toast = $state<{ current: Toast | undefined }>({ current: undefined });
let waiting: Toast[] = [];
const holds = new Set<Hold>();
/** What had the focus before the toast. */
let before: EventTarget | null = null;
let timer: ReturnType<typeof setTimeout> | undefined;

/**
 * Shows a toast in place of the one before, unless that is held or tells a failure: then it waits
 * its turn.
 */
export function showToast(next: Toast): void {
  const now = toast.current;
  if (now === undefined || (holds.size === 0 && (now.bad !== true || now.text === next.text))) {
    show(next);
    return;
  }
  const all = [...waiting.filter(({ text }) => text !== next.text), next];
  const failures = all.filter(({ bad }) => bad).slice(-MOST_WAITING);
  // Of what is no failure the newest counts.
  const other = all.findLast(({ bad }) => !bad);
  waiting = other ? [...failures, other] : failures;
}

/** Ends the toast; the next one follows. */
export function dismissToast(): void {
  const focused = holds.delete("focus");
  show(waiting.shift());
  if (focused) void tick().then(() => focusAgain(before));
}

/** Ends the toast, and what waits behind it. */
export function clearToasts(): void {
  waiting = [];
  dismissToast();
}

/** Keeps the toast. `from`: what had the focus before. */
export function holdToast(by: Hold, from: EventTarget | null = null): void {
  if (by === "focus" && !holds.has(by)) before = from;
  holds.add(by);
  clearTimeout(timer);
}

export function releaseToast(by: Hold): void {
  holds.delete(by);
  runOut();
}

function show(next: Toast | undefined): void {
  toast.current = next;
  // They held the one before.
  holds.clear();
  runOut();
}

function runOut(): void {
  clearTimeout(timer);
  if (toast.current && holds.size === 0) timer = setTimeout(dismissToast, LIFE);
}

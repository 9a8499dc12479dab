import type { IconName } from "./icons";

export interface Toast {
  icon: IconName;
  text: string;
  /** Failures are spoken at once. */
  bad?: boolean;
  action?: { label: string; run: () => void };
}

const LIFE = 6000;

/** The one toast that may be shown. */
export const toast = $state<{ current: Toast | undefined }>({ current: undefined });
let timer: ReturnType<typeof setTimeout> | undefined;

export function showToast(next: Toast): void {
  toast.current = next;
  releaseToast();
}

export function dismissToast(): void {
  clearTimeout(timer);
  toast.current = undefined;
}

/** Keeps the toast while it is hovered or focused. */
export function holdToast(): void {
  clearTimeout(timer);
}

export function releaseToast(): void {
  clearTimeout(timer);
  timer = setTimeout(dismissToast, LIFE);
}

import type { IconName } from "./icons";
import type { PresenceShape } from "./PresenceDot.svelte";

export interface MenuItem {
  label: string;
  icon?: IconName;
  presence?: PresenceShape;
  hint?: string;
  keys?: string;
  danger?: boolean;
  /** It opens another menu in this one's place. */
  leads?: boolean;
  /** Set on every item of a menu that chooses one of several. */
  checked?: boolean;
  testid?: string;
  value?: string;
  action: () => void;
}

interface OpenMenu {
  label: string;
  items: readonly (MenuItem | "line")[];
  align: "start" | "end";
  box: DOMRect;
  anchor: HTMLElement;
}

/** The one menu that may be open. */
export const menu = $state<{ current: OpenMenu | undefined }>({ current: undefined });

/** Opens a menu at an element; focus returns there when it closes. */
export function openMenu(
  anchor: HTMLElement,
  label: string,
  items: readonly (MenuItem | "line")[],
  align: "start" | "end" = "start",
): void {
  menu.current = { label, items, align, anchor, box: anchor.getBoundingClientRect() };
}

export function closeMenu(): void {
  const anchor = menu.current?.anchor;
  menu.current = undefined;
  if (anchor?.isConnected) anchor.focus();
}

import { type Key, t } from "../i18n";
import { isMac } from "../platform";

const SIGNS: Record<string, string> = { Enter: "↵", Up: "↑", Down: "↓", Plus: "+", Minus: "−" };
const MAC: Record<string, string> = { ...SIGNS, Mod: "⌘", Alt: "⌥", Shift: "⇧" };
/** What is printed on the keys differs by language. */
const NAMES: Record<string, Extract<Key, `key.${string}`>> = {
  Mod: "key.control",
  Shift: "key.shift",
  Del: "key.delete",
};

/** The caps of a shortcut such as `Mod+Shift+A`, as this system names them. */
export function caps(keys: string): string[] {
  const names = isMac() ? MAC : SIGNS;
  const named = (key: string) => (NAMES[key] === undefined ? key : t(NAMES[key]));
  return keys.split("+").map((key) => names[key] ?? named(key));
}

/** A tooltip: the name, two spaces, the shortcut. */
export function withKeys(label: string, keys: string | undefined): string {
  return keys === undefined ? label : `${label}  ${caps(keys).join(isMac() ? "" : "+")}`;
}

/** Whether the one modifier of shortcuts is held, and not the other system's. */
export function isMod(event: KeyboardEvent): boolean {
  return isMac() ? event.metaKey && !event.ctrlKey : event.ctrlKey && !event.metaKey;
}

/** Whether an event is the shortcut: modifiers exactly, the key by name without case. */
export function matches(event: KeyboardEvent, keys: string): boolean {
  const wanted = keys.split("+");
  const key = wanted.at(-1) ?? "";
  return (
    (wanted.includes("Mod") ? isMod(event) : !event.ctrlKey && !event.metaKey) &&
    event.altKey === wanted.includes("Alt") &&
    event.shiftKey === wanted.includes("Shift") &&
    event.key.toLowerCase() === (NAMED[key] ?? key).toLowerCase()
  );
}

const NAMED: Record<string, string> = { Up: "ArrowUp", Down: "ArrowDown", Esc: "Escape" };

import type { Key } from "../i18n";
import { canZoom } from "../shell/zoom";
import { app } from "../state/app.svelte";

export interface Shortcut {
  keys: string;
  name: Extract<Key, `shortcut.${string}` | `zoom.${string}`>;
}

/** The keys that do something here. */
export function shortcutList(): readonly Shortcut[] {
  return [
    { keys: "Mod+K", name: "shortcut.palette" },
    { keys: "Mod+Enter", name: "shortcut.results" },
    { keys: "Mod+Shift+F", name: "shortcut.everywhere" },
    { keys: "Mod+/", name: "shortcut.sheet" },
    { keys: "Mod+F", name: "shortcut.find" },
    { keys: "Mod+N", name: "shortcut.newSession" },
    { keys: "Mod+1…9", name: "shortcut.sessionByPlace" },
    { keys: "Alt+Up", name: "shortcut.previousSession" },
    { keys: "Alt+Down", name: "shortcut.nextSession" },
    { keys: "Alt+Shift+Up", name: "shortcut.previousUnread" },
    { keys: "Alt+Shift+Down", name: "shortcut.nextUnread" },
    { keys: "Mod+Shift+A", name: "shortcut.newAlert" },
    { keys: "Mod+.", name: "shortcut.panel" },
    { keys: "Mod+Shift+M", name: "shortcut.market" },
    { keys: "Mod+Shift+L", name: "shortcut.alerts" },
    { keys: "Mod+Shift+D", name: "shortcut.details" },
    { keys: "Mod+,", name: "shortcut.settings" },
    { keys: "Mod+Z", name: "shortcut.undo" },
    { keys: "Mod+Shift+Z", name: "shortcut.redo" },
    ...(canZoom()
      ? ([
          { keys: "Mod+Plus", name: "zoom.in" },
          { keys: "Mod+Minus", name: "zoom.out" },
          { keys: "Mod+0", name: "zoom.usual" },
        ] as const)
      : []),
    { keys: "Mod+L", name: "shortcut.lock" },
    { keys: "F6", name: "shortcut.region" },
    { keys: "Shift+F6", name: "shortcut.previousRegion" },
    { keys: "Up", name: "shortcut.editLast" },
    { keys: app.settings.enter_sends ? "Enter" : "Mod+Enter", name: "shortcut.send" },
    { keys: app.settings.enter_sends ? "Shift+Enter" : "Enter", name: "shortcut.newLine" },
    { keys: "/", name: "shortcut.commands" },
    { keys: "R", name: "shortcut.reply" },
    { keys: "C", name: "shortcut.copy" },
    { keys: "Del", name: "shortcut.delete" },
    { keys: "Space", name: "shortcut.play" },
    { keys: "Esc", name: "shortcut.close" },
  ];
}

import { invoke } from "@tauri-apps/api/core";

/** True inside the desktop window; false in a browser. */
export function inWindow(): boolean {
  return "__TAURI_INTERNALS__" in globalThis;
}

export function isMac(): boolean {
  return /Mac|iPhone|iPad/.test(globalThis.navigator?.userAgent ?? "");
}

/** WebKit on Linux, which draws text in its own way. */
export function isWebKitGtk(): boolean {
  const agent = globalThis.navigator?.userAgent ?? "";
  return /Linux/.test(agent) && /AppleWebKit/.test(agent) && !/Chrom|Android/.test(agent);
}

/** The window's own buttons. In a browser there is no window to control. */
export interface WindowControls {
  minimise(): void;
  toggleMaximise(): void;
  close(): void;
}

/** Who draws the window's buttons: nobody in a browser, the system's lights on macOS, we. */
export function windowFrame(): "none" | "lights" | "controls" {
  if (!inWindow()) return "none";
  return isMac() ? "lights" : "controls";
}

/** The controls to draw, where we draw them. */
export function windowControls(): WindowControls | undefined {
  if (windowFrame() !== "controls") return undefined;
  // The window that asks is the one that is meant. `@tauri-apps/api/window` would say the same with
  // a hundred times as much.
  const run = (command: string) => () => void invoke(`plugin:window|${command}`);
  return {
    minimise: run("minimize"),
    toggleMaximise: run("toggle_maximize"),
    close: run("close"),
  };
}

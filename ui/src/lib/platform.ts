import type { Window } from "@tauri-apps/api/window";

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
  const run = (action: (window: Window) => Promise<void>) => () => {
    void import("@tauri-apps/api/window").then((api) => action(api.getCurrentWindow()));
  };
  return {
    minimise: run((window) => window.minimize()),
    toggleMaximise: run((window) => window.toggleMaximize()),
    close: run((window) => window.close()),
  };
}

import type { LockState, Settings } from "../src/lib/bindings";

/** What everything but the lock is answered while it is closed. */
export const CLOSED = { code: "locked", message: "Tidings is locked.", details: null } as const;

/** How the lock stands in a state of the fixture. */
export function lockIn(state: string, settings: Settings): LockState {
  return {
    stage: state === "locked" ? "locked" : state === "privacy" ? "open" : "off",
    problem: null,
    wait_until: null,
    durable: true,
    theme: settings.theme,
    language: settings.language,
  };
}

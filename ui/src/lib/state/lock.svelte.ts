import type { LockState } from "../bindings";
import { conversation } from "./conversation.svelte";
import { drafts } from "./drafts";
import { call, tellFailure } from "./engine.svelte";

/** The engine is told of use this often at most. */
const TELL_AFTER = 5000;

/** The lock before the window. The engine decides; here is what it said. */
class Lock {
  state = $state.raw<LockState | undefined>();
  #told = 0;

  /** Whether a passphrase is set, and the window open. */
  get canLock(): boolean {
    return this.state?.stage === "open";
  }

  /** Closes the lock. What was being written is kept before. */
  async now(): Promise<void> {
    try {
      conversation.keepDraft();
      await drafts.kept();
      await call("lock", {});
    } catch (thrown) {
      tellFailure(thrown);
    }
  }

  /** Somebody uses the window. The lock waits for use to end, and so does presence. */
  used(): void {
    if (Date.now() - this.#told < TELL_AFTER) return;
    this.#told = Date.now();
    void call("report_use", {}).catch(() => undefined);
  }
}

export const lock = new Lock();

/** Drops all that the page holds: it begins anew, and finds the lock closed. */
export function leave(): void {
  window.location.reload();
}

import { call } from "./engine.svelte";

// Clients let go of typing that is not repeated within three seconds.
const AGAIN = 2000;
const ENDS = 5000;

/** Tells the others in the open session whether one is writing. */
export class Typing {
  #told = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Repeated at most every two seconds; it ends by itself. */
  tell(session: string): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.stop(session), ENDS);
    if (Date.now() - this.#told < AGAIN) return;
    this.#told = Date.now();
    void call("typing", { session, typing: true }).catch(() => undefined);
  }

  stop(session: string): void {
    clearTimeout(this.#timer);
    if (this.#told === 0) return;
    this.#told = 0;
    void call("typing", { session, typing: false }).catch(() => undefined);
  }

  /** The session is gone: there is nobody to tell. */
  forget(): void {
    clearTimeout(this.#timer);
  }
}

import { Channel, invoke } from "@tauri-apps/api/core";
import { type Backend, backendError, type Listener } from "../backend";
import type { CommandName, Commands, Numbered, Snapshot } from "../bindings";

/** Tauri's IPC: one command, and a channel of events that is opened with the first snapshot. */
export class TauriBackend implements Backend {
  readonly #listeners = new Set<Listener>();
  /** Asked for with the events, for whoever asks first. */
  #first: Promise<Snapshot> | undefined;

  constructor() {
    const events = new Channel<Numbered>((numbered) => {
      for (const listener of this.#listeners) listener.event(numbered);
    });
    this.#first = ask<Snapshot>("subscribe", { events });
    // Whoever asks for it is told; until then a failure is nobody's.
    this.#first.catch(() => undefined);
  }

  call<C extends CommandName>(
    command: C,
    args: Commands[C]["args"],
  ): Promise<Commands[C]["reply"]> {
    const first = this.#first;
    if (command === "snapshot" && first) {
      this.#first = undefined;
      return first as Promise<Commands[C]["reply"]>;
    }
    return ask<Commands[C]["reply"]>("call", { command, args });
  }

  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener);
    queueMicrotask(() => {
      if (this.#listeners.has(listener)) listener.opened();
    });
    return () => this.#listeners.delete(listener);
  }
}

async function ask<T>(command: string, args: Record<string, unknown>): Promise<T> {
  try {
    return await invoke<T>(command, args);
  } catch (thrown) {
    throw backendError(thrown);
  }
}

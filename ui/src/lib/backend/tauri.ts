import { invoke } from "@tauri-apps/api/core";
import { listen } from "@tauri-apps/api/event";
import { type Backend, backendError, type Listener } from "../backend";
import type { CommandName, Commands, Numbered } from "../bindings";

const CHANNEL = "tidings-event";

/** Tauri's IPC: one command, one event channel. */
export class TauriBackend implements Backend {
  readonly #listeners = new Set<Listener>();

  private constructor() {}

  /** Listens before anything is asked, so that no event falls between. */
  static async open(): Promise<TauriBackend> {
    const backend = new TauriBackend();
    await listen<Numbered>(CHANNEL, ({ payload }) => {
      for (const listener of backend.#listeners) listener.event(payload);
    });
    return backend;
  }

  async call<C extends CommandName>(
    command: C,
    args: Commands[C]["args"],
  ): Promise<Commands[C]["reply"]> {
    try {
      return await invoke<Commands[C]["reply"]>("call", { command, args });
    } catch (thrown) {
      throw backendError(thrown);
    }
  }

  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener);
    queueMicrotask(() => {
      if (this.#listeners.has(listener)) listener.opened();
    });
    return () => this.#listeners.delete(listener);
  }
}

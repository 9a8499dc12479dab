import { Channel, invoke } from "@tauri-apps/api/core";
import { type Backend, backendError, type Listener } from "../backend";
import type {
  CommandName,
  Commands,
  Numbered,
  OpenedSession,
  SessionRow,
  Snapshot,
} from "../bindings";

/** What `subscribe` answers: the first questions of every page, answered together. */
interface FirstPicture {
  snapshot: Snapshot;
  sessions?: SessionRow[] | undefined;
  opened?: OpenedSession | undefined;
}

/** Tauri's IPC: one command, and a channel of events that is opened with the first picture. */
export class TauriBackend implements Backend {
  readonly #listeners = new Set<Listener>();
  /** Asked for with the events, for whoever asks first. */
  #first: Promise<FirstPicture> | undefined;
  /** The rest of the first picture. It is as old as the snapshot, and goes with it. */
  #rest: Omit<FirstPicture, "snapshot"> = {};

  constructor() {
    const events = new Channel<Numbered>((numbered) => {
      for (const listener of this.#listeners) listener.event(numbered);
    });
    this.#first = ask<FirstPicture>("subscribe", { events });
    // Whoever asks for it is told; until then a failure is nobody's.
    this.#first.catch(() => undefined);
  }

  async call<C extends CommandName>(
    command: C,
    args: Commands[C]["args"],
  ): Promise<Commands[C]["reply"]> {
    const known = command === "snapshot" ? await this.#snapshot() : this.#known(command, args);
    if (known !== undefined) return known as Commands[C]["reply"];
    return ask<Commands[C]["reply"]>("call", { command, args });
  }

  async #snapshot(): Promise<Snapshot | undefined> {
    const first = this.#first;
    this.#first = undefined;
    if (!first) return undefined;
    const { snapshot, ...rest } = await first;
    this.#rest = rest;
    setTimeout(() => {
      this.#rest = {};
    });
    return snapshot;
  }

  /** An answer that came with the snapshot, once. */
  #known(command: CommandName, args: unknown): SessionRow[] | OpenedSession | undefined {
    const { sessions, opened } = this.#rest;
    if (command === "sessions") {
      this.#rest = { ...this.#rest, sessions: undefined };
      return sessions;
    }
    if (command === "open_session") {
      this.#rest = { ...this.#rest, opened: undefined };
      const { session } = args as Commands["open_session"]["args"];
      return opened?.session.id === session ? opened : undefined;
    }
    return undefined;
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

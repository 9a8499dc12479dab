import { invoke } from "@tauri-apps/api/core";
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

/** What Tauri's channels carry: numbered from 0, for large ones come late. The last has no message. */
interface Raw {
  index: number;
  message?: Numbered;
}

/** What `early.js` began. */
interface Early {
  first: Promise<FirstPicture>;
  /** Events that nobody listened to. */
  told: Raw[];
  tell: (raw: Raw) => void;
}

declare global {
  var __TIDINGS_EARLY__: Early | undefined;
}

/** Tauri's IPC: one command, and a channel of events that was opened with the first picture. */
export class TauriBackend implements Backend {
  readonly #listeners = new Set<Listener>();
  #early: Early | undefined;
  /** Asked for with the events, for whoever asks first. */
  #first: Promise<FirstPicture> | undefined;
  /** The rest of the first picture. It is as old as the snapshot, and goes with it. */
  #rest: Omit<FirstPicture, "snapshot"> = {};

  constructor(early = globalThis.__TIDINGS_EARLY__) {
    this.#early = early;
    this.#first = early?.first;
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
    const { snapshot, ...rest } = await first.catch((thrown) => {
      throw backendError(thrown);
    });
    this.#rest = rest;
    setTimeout(() => {
      this.#rest = {};
    });
    return snapshot;
  }

  /** From the first listener on, it is told what came before it and what comes. */
  #listen(): void {
    const early = this.#early;
    if (!early) return;
    this.#early = undefined;
    early.tell = inOrder((numbered) => {
      for (const listener of this.#listeners) listener.event(numbered);
    });
    for (const raw of early.told.splice(0)) early.tell(raw);
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
      if (!this.#listeners.has(listener)) return;
      listener.opened();
      this.#listen();
    });
    return () => this.#listeners.delete(listener);
  }
}

/** Puts what a channel carries back in order. */
function inOrder(deliver: (message: Numbered) => void): (raw: Raw) => void {
  const waiting = new Map<number, Numbered>();
  let next = 0;
  return ({ index, message }) => {
    if (message === undefined) return;
    waiting.set(index, message);
    for (let due = waiting.get(next); due !== undefined; due = waiting.get(next)) {
      waiting.delete(next);
      next += 1;
      deliver(due);
    }
  };
}

async function ask<T>(command: string, args: Record<string, unknown>): Promise<T> {
  try {
    return await invoke<T>(command, args);
  } catch (thrown) {
    throw backendError(thrown);
  }
}

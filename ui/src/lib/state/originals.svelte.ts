import { untrack } from "svelte";
import { SvelteMap } from "svelte/reactivity";
import type { MessageRow } from "../bindings";
import { call } from "./engine.svelte";
import { Overtaken } from "./overtaken";

/** So many are known at most; beyond it all are forgotten, and asked for again where they are seen. */
const MOST = 500;

interface Change {
  changed: readonly MessageRow[];
  removed: readonly string[];
}

/** Messages that others answer, where they are not among those that are read. */
class Originals {
  readonly #rows = new SvelteMap<string, MessageRow>();
  readonly #asked = new Set<string>();
  readonly #told = new Overtaken<Change>();
  /** Counts forgettings: what is seen is asked for again. */
  #turn = $state(0);

  get(id: string): MessageRow | undefined {
    void this.#turn;
    return this.#rows.get(id);
  }

  /** Reads one from this device, once. */
  async ask(session: string, id: string): Promise<void> {
    if (this.#asked.has(id)) return;
    if (this.#asked.size >= MOST) this.clear();
    this.#asked.add(id);
    try {
      const at = { at: "around", message: id } as const;
      const asked = call("messages", { session, at, limit: 2 });
      const [{ rows }, since] = await this.#told.reply(asked);
      const row = rows.find((each) => each.id === id);
      if (!row || !this.#asked.has(id)) return;
      this.#rows.set(id, row);
      for (const each of since) this.#take(each);
    } catch {
      // It is not on this device, or deleted.
    }
  }

  /** What an event tells; `reread`: more than it holds may have changed. */
  apply(changed: readonly MessageRow[], removed: readonly string[], reread: boolean): void {
    if (reread) this.clear();
    this.#told.note({ changed, removed });
    this.#take({ changed, removed });
  }

  #take({ changed, removed }: Change): void {
    for (const row of changed) if (this.#asked.has(row.id)) this.#rows.set(row.id, row);
    for (const id of removed) this.#rows.delete(id);
  }

  clear(): void {
    this.#asked.clear();
    this.#rows.clear();
    untrack(() => {
      this.#turn += 1;
    });
  }
}

export const originals = new Originals();

import { untrack } from "svelte";
import { SvelteMap } from "svelte/reactivity";
import type { MessageRow } from "../bindings";
import { call } from "./engine.svelte";

/** So many are known at most; beyond it all are forgotten, and asked for again where they are seen. */
const MOST = 500;

/** Messages that others answer, where they are not among those that are read. */
class Originals {
  readonly #rows = new SvelteMap<string, MessageRow>();
  readonly #asked = new Set<string>();
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
      const { rows } = await call("messages", { session, at, limit: 2 });
      const row = rows.find((each) => each.id === id);
      if (row && this.#asked.has(id)) this.#rows.set(id, row);
    } catch {
      // It is not on this device, or deleted.
    }
  }

  /** What an event tells; `reread`: more than it holds may have changed. */
  apply(changed: readonly MessageRow[], removed: readonly string[], reread: boolean): void {
    if (reread) this.clear();
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

import { SvelteMap } from "svelte/reactivity";
import type { SessionRow } from "../bindings";
import { call, tellFailure } from "./engine.svelte";

class Sessions {
  readonly #rows = new SvelteMap<string, SessionRow>();
  loaded = $state(false);

  readonly all = $derived([...this.#rows.values()].sort(byActivity));
  readonly pinned = $derived(this.all.filter((row) => row.pinned && row.status !== "archived"));
  readonly active = $derived(this.all.filter((row) => !row.pinned && row.status !== "archived"));
  readonly archived = $derived(this.all.filter((row) => row.status === "archived"));
  /** In the order on screen. */
  readonly ordered = $derived([...this.pinned, ...this.active, ...this.archived]);

  get(id: string): SessionRow | undefined {
    return this.#rows.get(id);
  }

  async load(): Promise<void> {
    try {
      const rows = await call("sessions", {});
      this.clear();
      for (const row of rows) this.#rows.set(row.id, row);
      this.loaded = true;
    } catch (thrown) {
      tellFailure(thrown);
    }
  }

  apply(changed: readonly SessionRow[], removed: readonly string[]): void {
    for (const row of changed) this.#rows.set(row.id, row);
    for (const id of removed) this.#rows.delete(id);
  }

  clear(): void {
    this.#rows.clear();
    this.loaded = false;
  }
}

function byActivity(a: SessionRow, b: SessionRow): number {
  return b.last_activity - a.last_activity || (a.id < b.id ? -1 : 1);
}

export const sessions = new Sessions();

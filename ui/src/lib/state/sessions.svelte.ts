import { SvelteMap } from "svelte/reactivity";
import type { SessionRow } from "../bindings";
import { call, tellFailure } from "./engine.svelte";
import { Overtaken } from "./overtaken";

type Change = [changed: readonly SessionRow[], removed: readonly string[]];

class Sessions {
  readonly #rows = new SvelteMap<string, SessionRow>();
  readonly #events = new Overtaken<Change>();
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
      const [rows, since] = await this.#events.reply(call("sessions", {}));
      this.clear();
      this.#change(rows, []);
      for (const event of since) this.#change(...event);
      this.loaded = true;
    } catch (thrown) {
      tellFailure(thrown);
    }
  }

  /** What an event tells. */
  apply(changed: readonly SessionRow[], removed: readonly string[]): void {
    this.#events.note([changed, removed]);
    this.#change(changed, removed);
  }

  /** The row that a command answers with, shown at once. */
  async take(asked: Promise<SessionRow | undefined>): Promise<SessionRow | undefined> {
    const [row, since] = await this.#events.reply(asked);
    if (row) this.#change([row], []);
    for (const event of since) this.#change(...event);
    return row;
  }

  #change(changed: readonly SessionRow[], removed: readonly string[]): void {
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

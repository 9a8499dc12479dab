import { SvelteMap } from "svelte/reactivity";
import type { SessionRow } from "../bindings";
import { call, tellFailure } from "./engine.svelte";
import { Overtaken } from "./overtaken";

type Change = [changed: readonly SessionRow[], removed: readonly string[]];

class Sessions {
  readonly #rows = new SvelteMap<string, SessionRow>();
  readonly #events = new Overtaken<Change>();
  loaded = $state(false);

  /** Places that rows keep while somebody points at the list. */
  #places = $state.raw<ReadonlyMap<string, number> | undefined>();

  readonly all = $derived.by(() => {
    const rows = [...this.#rows.values()].sort(byActivity);
    const places = this.#places;
    if (!places) return rows;
    // What is new stands on top.
    const place = (row: SessionRow) => places.get(row.id) ?? -1;
    return rows.sort((a, b) => place(a) - place(b));
  });
  readonly pinned = $derived(this.all.filter((row) => row.pinned && row.status !== "archived"));
  readonly active = $derived(this.all.filter((row) => !row.pinned && row.status !== "archived"));
  readonly archived = $derived(this.all.filter((row) => row.status === "archived"));
  /** In the order on screen. */
  readonly ordered = $derived([...this.pinned, ...this.active, ...this.archived]);

  get(id: string): SessionRow | undefined {
    return this.#rows.get(id);
  }

  /** Rows stay where they are while somebody is about to choose one. */
  hold(on: boolean): void {
    if (on === (this.#places !== undefined)) return;
    this.#places = on ? new Map(this.all.map((row, place) => [row.id, place])) : undefined;
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

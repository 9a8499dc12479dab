import type { QuoteRow } from "../bindings";
import { app } from "../state/app.svelte";
import { call } from "../state/engine.svelte";
import { market } from "../state/market.svelte";

/** Every symbol that the workspace in front has a price for. */
class Symbols {
  #read = $state.raw<{ of: string | undefined; rows: readonly QuoteRow[] }>();

  /** Those of the watch-list until all are read. */
  readonly all = $derived(
    this.#read !== undefined && this.#read.of === app.active && this.#read.rows.length > 0
      ? this.#read.rows
      : market.watched,
  );

  async load(): Promise<void> {
    if (!app.settings.prices) return;
    const of = app.active;
    const rows = await call("symbols", {});
    this.#read = { of, rows };
  }

  /** The one that a word names: its symbol or its name, in any case. Reads all when it must. */
  async find(word: string): Promise<QuoteRow | undefined> {
    const known = this.#named(word);
    if (known) return known;
    await this.load();
    return this.#named(word);
  }

  #named(word: string): QuoteRow | undefined {
    const wanted = word.replace(/^\$/, "");
    const folded = wanted.toLowerCase();
    return (
      this.all.find(({ symbol }) => symbol === wanted) ??
      this.all.find(({ symbol }) => symbol.toLowerCase() === folded) ??
      this.all.find(({ name }) => name?.toLowerCase() === folded)
    );
  }
}

export const symbols = new Symbols();

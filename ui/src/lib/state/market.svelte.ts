import { SvelteMap } from "svelte/reactivity";
import type { PriceHistory, PriceRange, QuoteRow } from "../bindings";
import { call, tellFailure, tryCall } from "./engine.svelte";

class Market {
  readonly quotes = new SvelteMap<string, QuoteRow>();
  /** Watched symbols, in order. */
  order = $state.raw<readonly string[]>([]);
  /** The symbol whose chart is open. */
  open = $state<string | undefined>();
  range = $state<PriceRange>("1d");
  history = $state.raw<PriceHistory | undefined>();
  loaded = $state(false);

  readonly watched = $derived(
    this.order.flatMap((symbol) => {
      const quote = this.quotes.get(symbol);
      return quote ? [quote] : [];
    }),
  );
  readonly allStale = $derived(
    this.watched.length > 0 && this.watched.every((quote) => quote.stale || quote.price === null),
  );
  /** Time of the newest price known. */
  readonly newest = $derived(
    this.watched.reduce<number | undefined>(
      (most, { time }) => (time !== null && time > (most ?? 0) ? time : most),
      undefined,
    ),
  );

  async load(): Promise<void> {
    try {
      this.#list(await call("watch_list", {}));
    } catch (thrown) {
      tellFailure(thrown);
    }
  }

  /** The newest of each symbol; its small chart stays until the list is read again. */
  apply(quotes: readonly QuoteRow[]): void {
    for (const quote of quotes) {
      const known = this.quotes.get(quote.symbol);
      const spark = quote.spark.length > 0 ? quote.spark : (known?.spark ?? []);
      this.quotes.set(quote.symbol, { ...quote, spark });
    }
  }

  async watch(symbols: readonly string[]): Promise<void> {
    const rows = await tryCall("set_watch_list", { symbols: [...symbols] });
    if (rows) this.#list(rows);
  }

  async show(symbol: string | undefined): Promise<void> {
    this.open = symbol;
    this.history = undefined;
    await this.loadHistory();
  }

  async loadHistory(): Promise<void> {
    const symbol = this.open;
    const range = this.range;
    if (symbol === undefined) return;
    const history = await tryCall("price_history", { symbol, range });
    if (history && this.open === symbol && this.range === range) this.history = history;
  }

  clear(): void {
    this.quotes.clear();
    this.order = [];
    this.open = undefined;
    this.history = undefined;
    this.loaded = false;
  }

  #list(rows: readonly QuoteRow[]): void {
    for (const row of rows) this.quotes.set(row.symbol, row);
    this.order = rows.map((row) => row.symbol);
    if (this.open !== undefined && !this.order.includes(this.open)) this.open = undefined;
    this.loaded = true;
  }
}

export const market = new Market();

import { SvelteMap } from "svelte/reactivity";
import type { PriceHistory, PricePoint, PriceRange, QuoteRow } from "../bindings";
import { call, tellFailure, tryCall } from "./engine.svelte";

const SPARK_STEPS = 48;
/** How many points a chart has at most. */
export const CHART_STEPS = 400;
/** Fewer points than this are no history yet. */
const FEW = 12;
/** The least between two points, in milliseconds. */
const LEAST = 2000;

class Market {
  readonly quotes = new SvelteMap<string, QuoteRow>();
  /** Watched symbols, in order. */
  order = $state.raw<readonly string[]>([]);
  /** The symbol whose chart is open. */
  open = $state<string | undefined>();
  range = $state<PriceRange>("1d");
  history = $state.raw<PriceHistory | undefined>();
  /** What came after the history was read. */
  tail = $state.raw<readonly PricePoint[]>([]);
  loaded = $state(false);
  /** Where a symbol was moved to, for who does not see it. */
  said = $state("");
  #inTouch = true;
  /** How many readings of a history are under way. */
  #readings = 0;

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

  /** Returns once it is known what is watched. Throws where that cannot be read. */
  async known(): Promise<void> {
    if (!this.loaded) this.#list(await call("watch_list", {}));
  }

  /** The newest of each symbol; its charts move on with it, in steps that can be seen. */
  apply(quotes: readonly QuoteRow[]): void {
    for (const quote of quotes) {
      const known = this.quotes.get(quote.symbol);
      const spark = quote.spark.length > 0 ? quote.spark : (known?.spark ?? []);
      const stale = quote.stale || !this.#inTouch;
      this.quotes.set(quote.symbol, { ...quote, stale, spark: grown(spark, quote, SPARK_STEPS) });
      if (this.history?.symbol === quote.symbol) this.#lengthen(this.history, quote);
    }
  }

  /** Without a connection no price is of now. */
  setInTouch(inTouch: boolean): void {
    if (this.#inTouch === inTouch) return;
    this.#inTouch = inTouch;
    if (inTouch) {
      if (this.loaded) void this.load();
      return;
    }
    for (const quote of this.quotes.values()) {
      this.quotes.set(quote.symbol, { ...quote, stale: true });
    }
  }

  async watch(symbols: readonly string[]): Promise<void> {
    await this.choose(symbols).catch(tellFailure);
  }

  /** Chooses what is watched, in order. Throws what the engine refuses. */
  async choose(symbols: readonly string[]): Promise<void> {
    this.#list(await call("set_watch_list", { symbols: [...symbols] }));
  }

  async show(symbol: string | undefined): Promise<void> {
    this.open = symbol;
    this.history = undefined;
    this.tail = [];
    await this.loadHistory();
  }

  /** Reads the history of a chart that appears, unless whoever opened it has asked already. */
  async needHistory(): Promise<void> {
    if (this.#readings === 0) await this.loadHistory();
  }

  async loadHistory(): Promise<void> {
    const symbol = this.open;
    const range = this.range;
    if (symbol === undefined) return;
    this.#readings += 1;
    const history = await tryCall("price_history", { symbol, range });
    this.#readings -= 1;
    if (!history || this.open !== symbol || this.range !== range) return;
    const read = history.points.at(-1)?.time ?? history.from;
    // What came while it was being read may not be in it.
    this.tail = this.history ? this.tail.filter(({ time }) => time > read) : [];
    this.history = history;
  }

  /** The past of symbols changed: what is drawn of it is read again. */
  async pastChanged(symbols: readonly string[]): Promise<void> {
    if (symbols.some((symbol) => this.order.includes(symbol))) await this.load();
    if (this.open !== undefined && symbols.includes(this.open)) await this.loadHistory();
  }

  clear(): void {
    this.quotes.clear();
    this.order = [];
    this.open = undefined;
    this.history = undefined;
    this.tail = [];
    this.loaded = false;
    this.said = "";
  }

  /** The open chart goes on from where its history ends, in steps that can be seen. */
  #lengthen(history: PriceHistory, { time, price, volume_24h: volume }: QuoteRow): void {
    if (time === null || price === null) return;
    const last = this.tail.at(-1) ?? history.points.at(-1);
    const step = Math.max(LEAST, (history.to - history.from) / CHART_STEPS);
    if (last && time - last.time < step) return;
    this.tail = [...this.tail, { time, price, volume }];
  }

  #list(rows: readonly QuoteRow[]): void {
    for (const row of rows) {
      // A young history has few points in the list: what was drawn from the ticks shows more.
      const drawn = this.quotes.get(row.symbol)?.spark ?? [];
      const spark = row.spark.length < FEW && drawn.length > row.spark.length ? drawn : row.spark;
      this.quotes.set(row.symbol, { ...row, stale: row.stale || !this.#inTouch, spark });
    }
    this.order = rows.map((row) => row.symbol);
    if (this.open !== undefined && !this.order.includes(this.open)) this.open = undefined;
    this.loaded = true;
  }
}

/** Points with the newest price after them, if it is a step of the whole later than the last. */
function grown(
  points: readonly PricePoint[],
  { time, price, volume_24h: volume }: QuoteRow,
  steps: number,
): PricePoint[] {
  const known = points as PricePoint[];
  if (time === null || price === null) return known;
  const first = known[0];
  const last = known.at(-1);
  if (!first || !last) return [{ time, price, volume }];
  const step = Math.max(LEAST, (last.time - first.time) / steps);
  return time - last.time < step ? known : [...known, { time, price, volume }];
}

export const market = new Market();

import type { PriceGap, QuoteRow } from "../../bindings";
import {
  compare,
  type Decimal,
  difference,
  parseDecimal,
  percentBetween,
  toText,
  trimmed,
} from "../../format/decimal";
import { axisPrice } from "../../format/number";
import { axisMonth, axisTime, day } from "../../format/time";
import { alerts } from "../../state/alerts.svelte";
import { nowByMinute } from "../../state/clock.svelte";
import { market } from "../../state/market.svelte";
import { discsOf } from "./firings";
import { type Line, linesOf } from "./lines";
import type { Mover } from "./mover.svelte";
import { Plot } from "./plot";
import { apart, axisTicks, decimals, type Edges, extremes, widen } from "./scale";
import { fill, gridOf, MONTHS, timeTicks } from "./timeline";

/** How high the plot is, in pixels. */
export const HEIGHT = 168;
/** How high a price on the axis is that is no tick. */
const CHIP = 18;
/** Nearer to one of those, and to the ends, nothing is written. */
const NEAR = 16;
/** What a time on the axis takes at least, and what a character of it does. */
const TIME = 34;
const CHARACTER = 7;
/** Lines within so many percent of the range of prices beyond it are shown. */
const REACH = 150n;
const MARGIN = 8n;
/** Below, where the volume is painted. */
const FOOT = 24n;
/** From here on days are written. */
export const DAYS = 72 * 3_600_000;

/** Everything that the open chart shows, placed. */
export class Picture {
  /** Of the plot, in pixels. */
  width: number = $state(0);
  /** The edges that a pointer holds still. */
  frozen: Edges | undefined = $state.raw();
  readonly mover: Mover;
  readonly #symbol: string;
  readonly #now: () => QuoteRow;

  constructor(symbol: string, now: () => QuoteRow, mover: Mover, width: number) {
    this.#symbol = symbol;
    this.#now = now;
    this.mover = mover;
    this.width = width;
  }

  readonly history = $derived.by(() =>
    market.history?.symbol === this.#symbol ? market.history : undefined,
  );
  readonly #points = $derived(this.history ? [...this.history.points, ...market.tail] : []);
  /** The history, what came since, and the price of this moment. */
  readonly points = $derived.by(() => {
    const last = this.#points.at(-1);
    const { price, time, volume_24h: volume } = this.#now();
    const newer = last && price !== null && time !== null && time > last.time;
    return newer ? [...this.#points, { time, price, volume }] : this.#points;
  });
  readonly gaps = $derived(this.history?.gaps ?? []);
  readonly grid = $derived(this.history && gridOf(this.history, this.history.points));
  readonly slots = $derived(
    this.grid && this.history ? fill(this.grid, this.points, this.gaps, this.history.to) : [],
  );
  /** Where the last moment ends. */
  readonly end = $derived(this.grid ? this.grid.from + this.grid.step * this.slots.length : 0);
  /** How much time is shown. */
  readonly length = $derived(this.grid ? this.end - this.grid.from : 0);

  readonly #kept = $derived(extremes(decimals(this.#points.map(({ price }) => price))));
  readonly #volumes = $derived(this.#points.some(({ volume }) => volume !== null));
  readonly #all = $derived.by(() => linesOf(alerts.rules, this.#symbol));
  readonly #edges = $derived.by(() => {
    if (this.frozen) return this.frozen;
    if (!this.#kept || this.points.length < 2) return undefined;
    const { low, high } = this.#kept;
    const prices = extremes([low, high, ...decimals([this.#now().price])]) ?? { low, high };
    const reach = widen(prices.low, prices.high, REACH);
    const near = this.#all
      .filter((line) => this.mover.held === line.key || isWithin(line.value, reach))
      .map((line) => this.mover.valueOf(line));
    const all = extremes([prices.low, prices.high, ...near]) ?? prices;
    // Where all is one price, its line lies in the middle.
    const flat = compare(all.low, all.high) === 0;
    if (flat) return around(all.low);
    const foot = this.#volumes ? FOOT : MARGIN;
    return { ...widen(all.low, all.high, MARGIN), low: widen(all.low, all.high, foot).low };
  });
  readonly plot = $derived(
    this.#edges && this.grid
      ? new Plot(this.width, HEIGHT, this.#edges, this.grid, this.slots.length)
      : undefined,
  );

  readonly #ticks = $derived(
    this.plot ? axisTicks(this.plot.edges.low, this.plot.edges.high, 4) : [],
  );
  /** Digits after the point that it takes to tell the prices on the axis apart. */
  readonly #fraction = $derived.by(() => {
    const [first, second] = this.#ticks;
    return first && second ? trimmed(difference(second, first)).scale : 0;
  });

  readonly current = $derived.by(() => {
    const { price } = this.#now();
    return this.plot && price !== null
      ? { text: price, x: this.plot.x(this.slots.length - 1), y: this.plot.yOf(price) }
      : undefined;
  });
  /** The lines that are near enough, highest first. */
  readonly lines = $derived(
    this.#all.flatMap((line) => {
      const y = this.plot?.y(this.mover.valueOf(line));
      return y !== undefined && this.plot?.holds(y) ? [{ line, y }] : [];
    }),
  );
  /** The middles of the chips on the axis: of the lines in their order, and then of this moment. */
  readonly chips = $derived(
    apart(
      [...this.lines.map(({ y }) => y), ...(this.current ? [this.current.y] : [])],
      CHIP,
      HEIGHT,
    ),
  );
  readonly ticks = $derived.by(() => {
    const { plot } = this;
    if (!plot) return [];
    return this.#ticks.map((value) => {
      const y = plot.y(value);
      const free = this.chips.every((chip) => Math.abs(chip - y) >= NEAR);
      return { text: this.onAxis(toText(value)), y, labelled: free };
    });
  });
  readonly times = $derived.by(() => {
    const { plot, grid, end } = this;
    if (!plot || !grid) return [];
    const room = Math.max(TIME, this.#timeOnAxis(grid.from).length * CHARACTER);
    return timeTicks(grid.from, end, Math.floor(this.width / room))
      .map((at) => ({ x: plot.xAt(at), text: this.#timeOnAxis(at) }))
      .filter(({ x }) => x >= NEAR && x <= this.width - NEAR);
  });
  readonly bands = $derived.by(() => {
    const { plot, grid } = this;
    if (!plot || !grid) return [];
    return this.gaps
      .filter((gap) => gap.to > grid.from)
      .map((gap): Band => ({ gap, from: plot.xAt(gap.from), to: plot.xAt(gap.to) }));
  });
  readonly discs = $derived.by(() => {
    const { plot, grid, end } = this;
    if (!plot || !grid) return [];
    const place = ({ time, price }: { time: number; price: string }) => ({
      x: plot.xAt(time),
      y: plot.yOf(price),
    });
    const inside = alerts
      .pastOf(this.#symbol)
      .filter(({ time, price }) => time >= grid.from && time <= end && plot.holds(plot.yOf(price)));
    return discsOf(inside, place);
  });

  /** A price as it stands on the axis. */
  onAxis(text: string): string {
    return axisPrice(text, this.#fraction);
  }

  /** Whether a rule still waits at a line. */
  has(key: string): boolean {
    return this.#all.some((line) => line.key === key);
  }

  /** How far the price is from a line. */
  distance(line: Line): Decimal | undefined {
    const from = parseDecimal(this.#now().price ?? "");
    return from && percentBetween(from, this.mover.valueOf(line), 1);
  }

  #timeOnAxis(at: number): string {
    if (this.length > MONTHS) return axisMonth(at);
    return this.length > DAYS ? day(at, nowByMinute()) : axisTime(at);
  }
}

/** A stretch without prices: where it begins and ends. */
export interface Band {
  readonly gap: PriceGap;
  readonly from: number;
  readonly to: number;
}

function isWithin(value: Decimal, { low, high }: Edges): boolean {
  return compare(value, low) >= 0 && compare(value, high) <= 0;
}

/** A percent more and less. */
function around(value: Decimal): Edges {
  const whole = { digits: value.digits * 100n, scale: value.scale + 2 };
  const part = value.digits === 0n ? 1n : value.digits;
  return {
    low: { ...whole, digits: whole.digits - part },
    high: { ...whole, digits: whole.digits + part },
  };
}

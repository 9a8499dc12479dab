import {
  ColorType,
  CrosshairMode,
  createChart,
  HistogramSeries,
  type IChartApi,
  type ISeriesApi,
  LineSeries,
  type LineWidth,
  type UTCTimestamp,
} from "lightweight-charts";
import type { Grid, Slot } from "./timeline";

const LINE = 1.5;
/** The part of the height that is above the volume. */
const ABOVE_VOLUME = 0.82;
const NOTHING = "transparent";

export interface Ink {
  line: string;
  volume: string;
}

/**
 * Paints the line of prices and the volume; axes, alerts and the pointer are drawn over it. What
 * it is given are numbers for drawing: no price is ever read back from it.
 */
export class Painter {
  readonly #chart: IChartApi;
  readonly #prices: ISeriesApi<"Line">;
  readonly #volume: ISeriesApi<"Histogram">;
  /** What is painted: a grid, and how many of its moments. */
  #grid: Grid | undefined;
  #count = 0;

  constructor(host: HTMLElement, width: number, height: number) {
    this.#chart = createChart(host, {
      width,
      height,
      layout: {
        background: { type: ColorType.Solid, color: NOTHING },
        // Who made it is said, with the link, below the chart.
        attributionLogo: false,
      },
      grid: { vertLines: { visible: false }, horzLines: { visible: false } },
      // It writes nothing; but a system's locale need not be a language tag ("C"), and it would stop.
      localization: { locale: "en" },
      crosshair: { mode: CrosshairMode.Hidden },
      leftPriceScale: { visible: false },
      rightPriceScale: { visible: false },
      timeScale: { visible: false, minBarSpacing: 0.01 },
      handleScroll: false,
      handleScale: false,
    });
    const plain = { lastValueVisible: false, priceLineVisible: false };
    this.#volume = this.#chart.addSeries(HistogramSeries, { ...plain, priceScaleId: "volume" });
    this.#volume.priceScale().applyOptions({ scaleMargins: { top: ABOVE_VOLUME, bottom: 0 } });
    this.#prices = this.#chart.addSeries(LineSeries, {
      ...plain,
      lineWidth: LINE as number as LineWidth,
      crosshairMarkerVisible: false,
    });
    this.#prices.priceScale().applyOptions({ scaleMargins: { top: 0, bottom: 0 } });
  }

  resize(width: number, height: number): void {
    this.#chart.resize(width, height);
    this.#showAll();
  }

  /** The prices at the bottom and at the top. */
  scale(low: number, high: number): void {
    const priceRange = { minValue: low, maxValue: high };
    this.#prices.applyOptions({ autoscaleInfoProvider: () => ({ priceRange }) });
  }

  ink({ line, volume }: Ink): void {
    this.#prices.applyOptions({ color: line });
    this.#volume.applyOptions({ color: volume });
  }

  /** Paints what is new: all of another grid, and of the same one what comes after its last moment. */
  draw(grid: Grid, slots: readonly Slot[]): void {
    const known = grid === this.#grid && slots.length >= this.#count;
    if (known) {
      for (let at = Math.max(0, this.#count - 1); at < slots.length; at += 1) {
        this.#prices.update(priceOf(slots[at], at));
        this.#volume.update(volumeOf(slots, at));
      }
    } else {
      this.#prices.setData(slots.map(priceOf));
      this.#volume.setData(slots.map((_, at) => volumeOf(slots, at)));
    }
    const longer = slots.length !== this.#count;
    this.#grid = grid;
    this.#count = slots.length;
    if (longer) this.#showAll();
  }

  remove(): void {
    this.#chart.remove();
  }

  #showAll(): void {
    if (this.#count === 0) return;
    this.#chart.timeScale().setVisibleLogicalRange({ from: 0, to: this.#count - 1 });
  }
}

/** Moments are counted: all are equally long, and none is written by the painter. */
function time(at: number): UTCTimestamp {
  return at as UTCTimestamp;
}

function priceOf(slot: Slot | undefined, at: number) {
  if (!slot?.point) return { time: time(at) };
  const value = { time: time(at), value: Number(slot.point.price) };
  // A stretch of the line has the colour of its beginning.
  return slot.cut ? { ...value, color: NOTHING } : value;
}

/** The volume is one over 24 hours: it holds until another is told, but not over a gap. */
function volumeOf(slots: readonly Slot[], at: number) {
  let told = at;
  while (told > 0 && !slots[told]?.point) told -= 1;
  const slot = slots[told];
  const volume = slot?.point?.volume ?? null;
  const unknown = volume === null || (told < at && slot?.cut);
  return unknown ? { time: time(at) } : { time: time(at), value: Number(volume) };
}

import { compare, type Decimal, difference, parseDecimal, roundTo } from "../../format/decimal";
import { axisScale } from "../../format/number";

/** Prices from the bottom of a chart to its top. */
export interface Edges {
  readonly low: Decimal;
  readonly high: Decimal;
}

/** Digits that a place on the chart has more than its edges. */
const FINER = 4;

/** A few round prices between the edges, for the axis; least first. */
export function axisTicks(low: Decimal, high: Decimal, most: number): Decimal[] {
  const scale = Math.max(low.scale, high.scale) + 2;
  const align = (value: Decimal) => value.digits * 10n ** BigInt(scale - value.scale);
  const from = align(low);
  const to = align(high);
  const span = to - from;
  if (span <= 0n) return [];
  let step = 1n;
  for (let turn = 0; span / step > BigInt(most); turn += 1) {
    step = turn % 3 === 1 ? (step / 2n) * 5n : step * 2n;
  }
  const ticks: Decimal[] = [];
  for (let at = ((from + step - 1n) / step) * step; at <= to; at += step) {
    ticks.push({ digits: at, scale });
  }
  return ticks;
}

/** The least and the greatest of some prices. */
export function extremes(prices: readonly Decimal[]): Edges | undefined {
  const first = prices[0];
  if (!first) return undefined;
  let low = first;
  let high = first;
  for (const price of prices) {
    if (compare(price, low) < 0) low = price;
    if (compare(price, high) > 0) high = price;
  }
  return { low, high };
}

/** Widens a range by a percentage of itself at both ends, so that lines do not lie on the edge. */
export function widen(low: Decimal, high: Decimal, percent: bigint): Edges {
  const span = difference(high, low);
  const scale = span.scale + 2;
  const margin = span.digits * percent;
  const align = (value: Decimal) => value.digits * 10n ** BigInt(scale - value.scale);
  return {
    low: { digits: align(low) - margin, scale },
    high: { digits: align(high) + margin, scale },
  };
}

/** Where a price lies between the edges, from 0 (low) to `steps` (high); may lie outside. */
export function level(price: Decimal, low: Decimal, high: Decimal, steps: number): number {
  const span = difference(high, low);
  const at = difference(price, low);
  const scale = Math.max(span.scale, at.scale);
  const whole = span.digits * 10n ** BigInt(scale - span.scale);
  if (whole === 0n) return steps / 2;
  const part = at.digits * 10n ** BigInt(scale - at.scale);
  return Number((part * BigInt(steps) * 100n) / whole) / 100;
}

/** The price at a level from 0 (low) to `steps` (high), by hundredths of a step. */
export function priceAt(at: number, { low, high }: Edges, steps: number): Decimal {
  const span = difference(high, low);
  const finer = 10n ** BigInt(FINER);
  const part = (span.digits * finer * BigInt(Math.round(at * 100))) / BigInt(steps * 100);
  return { digits: roundTo(low, span.scale).digits * finer + part, scale: span.scale + FINER };
}

/** A step that is more pixels than this is too coarse to say where a line stands. */
const COARSE = 8n;

/**
 * How many digits after the point a price has that a hand or a key chooses: as many as on the axis,
 * and more where a step would be a leap on this chart.
 */
function stepScale(value: Decimal, { low, high }: Edges, pixels: number): number {
  const span = difference(high, low);
  let scale = axisScale(value);
  if (span.digits <= 0n) return scale;
  while (compare({ digits: BigInt(pixels) / COARSE, scale }, span) > 0) scale += 1;
  return scale;
}

/**
 * A price that a hand chose: whole steps of the axis, and no finer than a pixel, so that it is as
 * round as the hand could mean it. Never less than one step.
 */
export function snapped(value: Decimal, { low, high }: Edges, pixels: number): Decimal {
  const scaleOf = stepScale(value.digits > 0n ? value : high, { low, high }, pixels);
  const step = { digits: 1n, scale: scaleOf };
  const span = difference(high, low);
  const scale = Math.max(span.scale, step.scale);
  const pixel = roundTo(span, scale).digits / BigInt(pixels);
  let size = roundTo(step, scale).digits;
  while (size * 10n <= pixel) size *= 10n;
  const { digits } = roundTo(value, scale);
  const times = (digits + size / 2n) / size;
  const least = times < 1n ? 1n : times;
  return { digits: least * size, scale };
}

/** The next price up or down in steps of the axis, or of ten of them; never less than one step. */
export function nudged(
  value: Decimal,
  direction: 1 | -1,
  tenfold: boolean,
  edges: Edges,
  pixels: number,
): Decimal {
  const scale = stepScale(value, edges, pixels);
  const step = tenfold ? 10n : 1n;
  const size = 10n ** BigInt(Math.max(0, value.scale - scale)) * step;
  const { digits } = roundTo(value, Math.max(value.scale, scale));
  const below = digits / size;
  const exact = below * size === digits;
  const times = direction === 1 ? below + 1n : exact ? below - 1n : below;
  return { digits: times < 1n ? 1n : times * step, scale };
}

export function decimals(texts: readonly (string | null | undefined)[]): Decimal[] {
  return texts.flatMap((text) => {
    const value = text === null || text === undefined ? undefined : parseDecimal(text);
    return value ? [value] : [];
  });
}

/** Moves labels of one height apart, so that none covers another; they keep their order. */
export function apart(wanted: readonly number[], height: number, most: number): number[] {
  const order = wanted.map((_, index) => index).sort((a, b) => at(wanted, a) - at(wanted, b));
  const placed = [...wanted];
  let free = 0;
  for (const index of order) {
    placed[index] = Math.max(at(wanted, index), free);
    free = at(placed, index) + height;
  }
  free = most;
  for (const index of order.reverse()) {
    placed[index] = Math.min(at(placed, index), free);
    free = at(placed, index) - height;
  }
  return placed;
}

function at(values: readonly number[], index: number): number {
  return values[index] ?? 0;
}

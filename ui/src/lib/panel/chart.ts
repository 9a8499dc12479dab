import { compare, type Decimal, difference, parseDecimal } from "../format/decimal";

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
export function extremes(prices: readonly Decimal[]): { low: Decimal; high: Decimal } | undefined {
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
export function widen(
  low: Decimal,
  high: Decimal,
  percent: bigint,
): { low: Decimal; high: Decimal } {
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

export function decimals(texts: readonly (string | null | undefined)[]): Decimal[] {
  return texts.flatMap((text) => {
    const value = text === null || text === undefined ? undefined : parseDecimal(text);
    return value ? [value] : [];
  });
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const STEPS = [5 * MINUTE, 15 * MINUTE, HOUR, 4 * HOUR, DAY, 2 * DAY, 7 * DAY, 61 * DAY];

/** Round local times between two moments, at most `most` of them. */
export function timeTicks(from: number, to: number, most: number): number[] {
  const step = STEPS.find((each) => (to - from) / each <= most);
  if (step === undefined || to <= from) return [];
  const zone = new Date(from).getTimezoneOffset() * MINUTE;
  const ticks: number[] = [];
  for (let at = Math.ceil((from - zone) / step) * step + zone; at <= to; at += step) ticks.push(at);
  return ticks;
}

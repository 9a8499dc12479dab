import type { PriceGap, PriceHistory, PricePoint } from "../../bindings";
import { CHART_STEPS } from "../../state/market.svelte";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const STEPS = [
  5 * MINUTE,
  15 * MINUTE,
  30 * MINUTE,
  HOUR,
  2 * HOUR,
  4 * HOUR,
  8 * HOUR,
  DAY,
  2 * DAY,
  7 * DAY,
  14 * DAY,
];
/** From here on months are counted. */
export const MONTHS = 70 * DAY;

/** Moments of one length each, from left to right. */
export interface Grid {
  /** When the first begins, in milliseconds. */
  readonly from: number;
  /** How long each is, in milliseconds. */
  readonly step: number;
}

/** What one of the moments shows. */
export interface Slot {
  /** The last price in it. */
  readonly point: PricePoint | undefined;
  /** Whether nobody listened between its price and the next. */
  readonly cut: boolean;
}

/** The moments of a history. A history younger than its range begins where it does. */
export function gridOf(history: PriceHistory, points: readonly PricePoint[]): Grid {
  const first = Math.min(points[0]?.time ?? history.to, history.kept_from ?? history.to);
  const from = Math.max(history.from, Math.min(first, history.to - 1));
  return { from, step: Math.max(1000, Math.ceil((history.to - from) / CHART_STEPS)) };
}

/** In which moment of a grid a time lies. */
export function slotAt({ from, step }: Grid, time: number): number {
  return Math.max(0, Math.floor((time - from) / step));
}

/** What each moment shows, up to `to`. */
export function fill(
  grid: Grid,
  points: readonly PricePoint[],
  gaps: readonly PriceGap[],
  to: number,
): Slot[] {
  const last = points.at(-1);
  const count = 1 + slotAt(grid, Math.max(to, last?.time ?? 0));
  const slots = Array.from({ length: count }, (): Slot => ({ point: undefined, cut: false }));
  let gap = 0;
  for (const [index, point] of points.entries()) {
    const next = points[index + 1];
    while ((gaps[gap]?.to ?? Number.POSITIVE_INFINITY) <= point.time) gap += 1;
    const cut = next !== undefined && (gaps[gap]?.from ?? Number.POSITIVE_INFINITY) < next.time;
    slots[slotAt(grid, point.time)] = { point, cut };
  }
  return slots;
}

/** Round local times between two moments, at most `most` of them. */
export function timeTicks(from: number, to: number, most: number): number[] {
  if (to <= from) return [];
  if (to - from > MONTHS) return monthTicks(from, to, most);
  const step = STEPS.find((each) => (to - from) / each <= most);
  if (step === undefined) return [];
  const ticks: number[] = [];
  for (let local = Math.ceil((from - zoneOf(from)) / step) * step; ; local += step) {
    // The zone of a time near it: the clock may have been changed between.
    const at = local + zoneOf(local + zoneOf(from));
    if (at > to) return ticks;
    // An hour that the clock leaves out is the next one.
    if (at >= from && at > (ticks.at(-1) ?? Number.NEGATIVE_INFINITY)) ticks.push(at);
  }
}

/** How far local time is behind UTC at a moment, in milliseconds. */
function zoneOf(at: number): number {
  return new Date(at).getTimezoneOffset() * MINUTE;
}

/** The first days of every month, or of every second, third, fourth, sixth, twelfth. */
function monthTicks(from: number, to: number, most: number): number[] {
  const months = (to - from) / (30 * DAY);
  const every = [1, 2, 3, 4, 6, 12].find((each) => months / each <= most) ?? 12;
  const first = new Date(from);
  const ticks: number[] = [];
  for (let month = first.getMonth() + 1; ; month += 1) {
    const at = new Date(first.getFullYear(), month, 1);
    if (at.getTime() > to) return ticks;
    if (at.getMonth() % every === 0) ticks.push(at.getTime());
  }
}

import type { FiringRow, PriceGap, PricePoint } from "../../bindings";

/** The most prices that a table has. */
const MOST = 120;

export type TableRow =
  | { kind: "price"; time: number; price: string; volume: string | null }
  | { kind: "fired"; time: number; firing: FiringRow }
  | { kind: "gap"; time: number; gap: PriceGap };

/**
 * What a chart shows, in words, newest first: prices evenly thinned, the newest always among them;
 * every firing and every gap.
 */
export function tableRows(
  points: readonly PricePoint[],
  gaps: readonly PriceGap[],
  firings: readonly FiringRow[],
): TableRow[] {
  const from = points[0]?.time ?? Number.POSITIVE_INFINITY;
  const every = Math.max(1, Math.ceil(points.length / MOST));
  const prices = points
    .filter((_, index) => (points.length - 1 - index) % every === 0)
    .map((point): TableRow => ({ kind: "price", ...point }));
  const fired = firings
    .filter(({ time }) => time >= from)
    .map((firing): TableRow => ({ kind: "fired", time: firing.time, firing }));
  const silent = gaps
    .filter(({ to }) => to > from)
    .map((gap): TableRow => ({ kind: "gap", time: gap.from, gap }));
  return [...prices, ...fired, ...silent].sort((a, b) => b.time - a.time);
}

import type { PricePoint } from "../bindings";
import { parseDecimal, spread } from "../format/decimal";

export interface Point {
  x: number;
  y: number;
}

/** Points within a box, time to the right and price upwards; fewer than two say nothing. */
export function place(
  points: readonly Pick<PricePoint, "time" | "price">[],
  width: number,
  height: number,
): Point[] {
  const known = points.flatMap((point) => {
    const price = parseDecimal(point.price);
    return price ? [{ time: point.time, price }] : [];
  });
  const first = known[0];
  const last = known.at(-1);
  if (!first || !last || first === last) return [];
  const length = Math.max(1, last.time - first.time);
  const heights = spread(
    known.map(({ price }) => price),
    height,
  );
  return known.map(({ time }, index) => ({
    x: ((time - first.time) / length) * width,
    y: height - (heights[index] ?? 0),
  }));
}

/** The path of a line through points. */
export function path(points: readonly Point[]): string {
  return points
    .map(({ x, y }, index) => `${index === 0 ? "M" : "L"}${x.toFixed(1)} ${y.toFixed(1)}`)
    .join("");
}

/** Prices of one symbol over a range, made up: with volume, and a stretch in which nobody listened. */

import type { PriceHistory, PricePoint, PriceRange, QuoteRow } from "../src/lib/bindings";
import { minute, NOW } from "./data";

const HOUR = 60 * minute;
const RANGES: Record<PriceRange, number> = {
  "1h": HOUR,
  "1d": 24 * HOUR,
  "1w": 7 * 24 * HOUR,
  "1m": 30 * 24 * HOUR,
  "1y": 365 * 24 * HOUR,
};
const POINTS = 288;
/** The gap, as parts of the range. */
const SILENT = [0.42, 0.5] as const;

export function history(range: PriceRange, quote: QuoteRow): PriceHistory {
  const length = RANGES[range];
  const from = NOW - length;
  const gap = { from: from + length * SILENT[0], to: from + length * SILENT[1] };
  const last = BigInt(Math.round(Number(quote.price) * 10_000));
  const points = Array.from({ length: POINTS + 1 }, (_, at): PricePoint => {
    const left = POINTS - at;
    const wave =
      (Math.sin(left / 21) * 40 + Math.sin(left / 3.1) * 14 + Math.sin(left * 1.9) * 5) *
        Math.min(1, left / 20) -
      left * 0.35;
    const digits = (last + (last * BigInt(Math.round(wave))) / 10_000n).toString().padStart(5, "0");
    return {
      time: Math.round(from + (length * at) / POINTS),
      price: `${digits.slice(0, -4)}.${digits.slice(-4)}`,
      volume: String(27_000_000_000 + Math.round(Math.sin(at / 17) * 6e9 + at * 1e7)),
    };
  }).filter(({ time }) => time <= gap.from || time >= gap.to);
  return {
    symbol: quote.symbol,
    points,
    low: "66755",
    high: "68399",
    gaps: [gap],
    from,
    to: NOW,
    kept_from: range === "1y" ? from + 5 * HOUR : from - HOUR,
  };
}

import { describe, expect, it } from "vitest";
import type { PriceHistory, PricePoint } from "../src/lib/bindings";
import { type Decimal, parseDecimal, toText, trimmed } from "../src/lib/format/decimal";
import { withPrice } from "../src/lib/panel/chart/lines";
import { Plot } from "../src/lib/panel/chart/plot";
import { apart, nudged, snapped } from "../src/lib/panel/chart/scale";
import { tableRows } from "../src/lib/panel/chart/table";
import { fill, gridOf, slotAt, timeTicks } from "../src/lib/panel/chart/timeline";

const HOUR = 3_600_000;

function decimal(text: string): Decimal {
  const value = parseDecimal(text);
  if (!value) throw new Error(text);
  return value;
}

const edges = (low: string, high: string) => ({ low: decimal(low), high: decimal(high) });
/** A chart on which a step of the axis is less than a pixel. */
const wide = edges("0", "100000");
const said = (value: Decimal) => toText(trimmed(value));
const point = (time: number, price = "1"): PricePoint => ({ time, price, volume: null });

function history(more: Partial<PriceHistory>): PriceHistory {
  return {
    symbol: "BTC",
    points: [],
    low: null,
    high: null,
    gaps: [],
    from: 0,
    to: 24 * HOUR,
    kept_from: null,
    ...more,
  };
}

describe("a price on the chart", () => {
  it("comes back exactly from where it is drawn, to a hundredth of a pixel", () => {
    const plot = new Plot(246, 101, edges("0.1", "0.2"), { from: 0, step: 1000 }, 10);
    expect(said(plot.price(plot.yOf("0.15")))).toBe("0.15");
    expect(said(plot.price(0))).toBe("0.2");
    expect(said(plot.price(100))).toBe("0.1");
    // No double has these digits.
    const fine = edges("70000.000000000000000001", "70000.000000000000000003");
    const place = new Plot(246, 101, fine, { from: 0, step: 1000 }, 10);
    expect(said(place.price(50))).toBe("70000.000000000000000002");
  });

  it("is snapped to steps of the axis, and to no finer than a pixel", () => {
    expect(said(snapped(decimal("69983.27"), edges("66000", "70000"), 167))).toBe("69980");
    expect(said(snapped(decimal("67493.5"), edges("67000", "67900"), 167))).toBe("67494");
    expect(said(snapped(decimal("148.6249"), edges("148", "149"), 167))).toBe("148.62");
    expect(said(snapped(decimal("0.52413"), edges("0.52", "0.53"), 167))).toBe("0.5241");
    expect(said(snapped(decimal("0.0000123456"), edges("0.000012", "0.000013"), 167))).toBe(
      "0.00001235",
    );
  });

  it("is snapped and nudged by less than the axis where a step of it would be a leap", () => {
    const calm = edges("1.0003", "1.0010");
    expect(said(snapped(decimal("1.000624"), calm, 167))).toBe("1.00062");
    expect(said(nudged(decimal("1.0006"), 1, false, calm, 167))).toBe("1.00061");
    expect(said(snapped(decimal("1.08433"), edges("1.0810", "1.0880"), 167))).toBe("1.0843");
    expect(said(nudged(decimal("67000"), -1, false, edges("66999.5", "67000.5"), 167))).toBe(
      "66999.99",
    );
  });

  it("is never nothing or less", () => {
    const low = edges("-0.00001", "0.00003");
    expect(decimal(said(snapped(decimal("-0.000005"), low, 167))).digits).toBeGreaterThan(0n);
    expect(said(snapped(decimal("-0.000005"), low, 167)).length).toBeGreaterThan(8);
    expect(said(nudged(decimal("0.01"), -1, true, wide, 167)).startsWith("0.0")).toBe(true);
    let value = decimal("0.00000002");
    for (let turn = 0; turn < 50; turn += 1) value = nudged(value, -1, true, wide, 167);
    expect(value.digits).toBeGreaterThan(0n);
  });

  it("is nudged to the next step, where steps change too", () => {
    const moves: [string, 1 | -1, boolean, string][] = [
      ["70000", 1, false, "70001"],
      ["70000.55", 1, false, "70001"],
      ["70000.55", -1, false, "70000"],
      ["70002", -1, true, "70000"],
      ["1000", -1, false, "999"],
      ["999", -1, false, "998.99"],
      ["148", 1, false, "148.01"],
      ["1", -1, false, "0.99"],
      ["0.5241", -1, true, "0.524"],
      ["0.9999", 1, false, "1"],
    ];
    for (const [from, direction, tenfold, to] of moves) {
      expect(said(nudged(decimal(from), direction, tenfold, wide, 167)), from).toBe(to);
    }
  });

  it("keeps its label apart from others, in their order and on the axis", () => {
    expect(apart([10, 100], 18, 168)).toEqual([10, 100]);
    expect(apart([160, 155, 168], 18, 168)).toEqual([150, 132, 168]);
    expect(apart([3, 2, 1], 18, 168)).toEqual([37, 19, 1]);
  });
});

describe("a price in a rule", () => {
  it("is put where it stands, and nowhere else", () => {
    const form = {
      symbol: "BTC",
      condition: { kind: "trailing" as const, side: "falls" as const, percent: "5" },
      repeat: "every" as const,
      cooldown_s: null,
      expires_at: null,
      tags: [],
      message: null,
    };
    expect(withPrice(form, { part: undefined, edge: "price" }, "1")).toBeUndefined();
    expect(withPrice(form, { part: 0, edge: "price" }, "1")).toBeUndefined();
  });
});

describe("time on the chart", () => {
  it("is cut into moments of one length, a young history from its beginning", () => {
    const whole = gridOf(history({ kept_from: -HOUR }), [point(HOUR)]);
    expect(whole).toEqual({ from: 0, step: 216_000 });
    const young = gridOf(history({ kept_from: 23 * HOUR }), [point(23 * HOUR)]);
    expect(young).toEqual({ from: 23 * HOUR, step: 9000 });
    expect(slotAt(young, 24 * HOUR)).toBe(400);
  });

  it("breaks the line where nobody listened, and only there", () => {
    const grid = { from: 0, step: 10 };
    const points = [point(0), point(10), point(50), point(60), point(61)];
    const gaps = [
      { from: -50, to: -1 },
      { from: 12, to: 50 },
    ];
    const slots = fill(grid, points, gaps, 80);
    expect(slots.map(({ point: at }) => at?.time)).toEqual([
      0,
      10,
      undefined,
      undefined,
      undefined,
      50,
      61,
      undefined,
      undefined,
    ]);
    expect(slots.map(({ cut }) => cut).indexOf(true)).toBe(1);
    expect(slots.filter(({ cut }) => cut)).toHaveLength(1);
  });

  it("is told by the local day also where the clock was changed between", () => {
    const zone = process.env.TZ;
    process.env.TZ = "Europe/Berlin";
    try {
      const week = timeTicks(Date.UTC(2026, 9, 22, 10), Date.UTC(2026, 9, 29, 10), 7);
      const local = week.map((at) => new Date(at));
      expect(local.map((at) => [at.getDate(), at.getHours()])).toEqual(
        [23, 24, 25, 26, 27, 28, 29].map((day) => [day, 0]),
      );
      // In spring an hour is left out, and nothing stands there twice.
      const spring = timeTicks(Date.UTC(2026, 2, 29, 0), Date.UTC(2026, 2, 29, 4), 4);
      expect(spring.map((at) => new Date(at).getHours())).toEqual([1, 3, 4, 5, 6]);
    } finally {
      process.env.TZ = zone;
    }
  });

  it("is told by months over a year, on their first days", () => {
    const from = Date.UTC(2025, 10, 27);
    const ticks = timeTicks(from, Date.UTC(2026, 10, 27), 6);
    const first = ticks.map((at) => new Date(at).toISOString().slice(0, 10));
    expect(first).toEqual(["2026-01-01", "2026-04-01", "2026-07-01", "2026-10-01"]);
  });
});

describe("the table", () => {
  it("has at most some hundred prices, the newest first and always there", () => {
    const points = Array.from({ length: 400 }, (_, at) => point(at, String(at)));
    const rows = tableRows(points, [{ from: 100, to: 120 }], []);
    expect(rows.length).toBeLessThanOrEqual(121);
    expect(rows[0]).toMatchObject({ kind: "price", price: "399" });
    expect(rows.filter(({ kind }) => kind === "gap")).toHaveLength(1);
    expect(rows.map(({ time }) => time)).toEqual(
      [...rows.map(({ time }) => time)].sort((a, b) => b - a),
    );
  });
});

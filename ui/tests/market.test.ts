import { beforeEach, describe, expect, it } from "vitest";
import type { QuoteRow } from "../src/lib/bindings";
import { market } from "../src/lib/state/market.svelte";

function quote(price: string, time: number): QuoteRow {
  return {
    symbol: "BTC",
    name: "Bitcoin",
    price,
    change_24h: null,
    change_percentage_24h: null,
    market_cap: null,
    volume_24h: null,
    time,
    stale: false,
    watched: true,
    spark: [],
  };
}

beforeEach(() => {
  market.clear();
  market.setInTouch(true);
});

describe("prices", () => {
  it("draw a small chart of a young history from the ticks, in steps", () => {
    for (const [price, time] of [
      ["1", 0],
      ["2", 500],
      ["3", 3000],
    ] as const) {
      market.apply([quote(price, time)]);
    }
    expect(market.quotes.get("BTC")?.spark).toEqual([
      { time: 0, price: "1", volume: null },
      { time: 3000, price: "3", volume: null },
    ]);
  });

  it("are all stale without a connection, whatever came last", () => {
    market.apply([quote("1", 0)]);
    market.setInTouch(false);
    expect(market.quotes.get("BTC")?.stale).toBe(true);
    market.apply([quote("2", 1000)]);
    expect(market.quotes.get("BTC")?.stale).toBe(true);
    market.setInTouch(true);
    market.apply([quote("3", 2000)]);
    expect(market.quotes.get("BTC")?.stale).toBe(false);
  });
});

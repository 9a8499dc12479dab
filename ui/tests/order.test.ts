import { fireEvent, render, screen } from "@testing-library/svelte";
import { beforeEach, describe, expect, it } from "vitest";
import type { QuoteRow } from "../src/lib/bindings";
import MarketTab from "../src/lib/panel/MarketTab.svelte";
import { moveBefore, moveBy } from "../src/lib/panel/order";
import { useBackend } from "../src/lib/state/engine.svelte";
import { market } from "../src/lib/state/market.svelte";
import { HandBackend } from "./fixtures";

let backend: HandBackend;

function quote(symbol: string): QuoteRow {
  return {
    symbol,
    name: null,
    price: null,
    change_24h: null,
    change_percentage_24h: null,
    market_cap: null,
    volume_24h: null,
    time: null,
    stale: false,
    watched: true,
    spark: [],
  };
}

/** The engine takes the next order as it was asked for. */
async function accept(): Promise<string> {
  const { args, answer } = await backend.next("set_watch_list");
  const { symbols } = args as { symbols: string[] };
  answer(symbols.map(quote));
  return symbols.join("");
}

beforeEach(async () => {
  backend = new HandBackend();
  useBackend(backend);
  market.clear();
  const known = market.known();
  const { answer } = await backend.next("watch_list");
  answer(["A", "B", "C", "D"].map(quote));
  await known;
});

describe("the order of the watch-list", () => {
  it("is changed in steps, each from where the one before led", async () => {
    const moves = [moveBy("A", 1), moveBy("A", 1)];
    expect(await accept()).toBe("BACD");
    expect(await accept()).toBe("BCAD");
    await Promise.all(moves);
    expect(market.said).toBe("A is now 3 of 4");
  });

  it("is changed in front of another one, or to the end", async () => {
    const front = moveBefore("D", "B");
    expect(await accept()).toBe("ADBC");
    await front;
    expect(market.said).toBe("D is now 2 of 4");
    const end = moveBefore("A", undefined);
    expect(await accept()).toBe("DBCA");
    await end;
  });

  it("stays at its ends, and where nothing moves", async () => {
    await moveBy("A", -1);
    await moveBy("D", 1);
    await moveBefore("B", "C");
    await moveBy("gone", 1);
    expect(backend.names()).toEqual([]);
    expect(market.said).toBe("");
  });

  it("says nothing of a place that was refused, and goes on", async () => {
    const refused = moveBy("A", 1);
    const { refuse } = await backend.next("set_watch_list");
    refuse({ code: "storage", message: "The disk is full.", details: null });
    await refused;
    expect(market.order.join("")).toBe("ABCD");
    expect(market.said).toBe("");
    const next = moveBy("A", 1);
    expect(await accept()).toBe("BACD");
    await next;
  });

  it("is changed by keys on a row, and told in a live region", async () => {
    render(MarketTab);
    const row = screen.getAllByTestId("watch-row")[1] as HTMLElement;
    await fireEvent.keyDown(row, { key: "ArrowUp", altKey: true });
    expect(await accept()).toBe("BACD");
    const said = screen.getByTestId("watch-said");
    await expect.poll(() => said.textContent).toBe("B is now 1 of 4");
    expect(said.getAttribute("aria-live")).toBe("polite");
  });
});

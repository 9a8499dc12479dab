import { fireEvent, render, screen, waitFor } from "@testing-library/svelte";
import { tick } from "svelte";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import MarketTab from "../src/lib/panel/MarketTab.svelte";
import { alerts } from "../src/lib/state/alerts.svelte";
import { market } from "../src/lib/state/market.svelte";
import { view } from "../src/lib/state/view.svelte";
import {
  above,
  backend,
  begin,
  end,
  firing,
  HOUR,
  history,
  lineAt,
  NOW,
  open,
  paper,
  quote,
  rule,
  top,
} from "./openchart";

beforeEach(begin);
afterEach(end);

describe("the rest of the open chart", () => {
  it("shows where nobody listened, and says so", async () => {
    await open([]);
    const [gap] = screen.getAllByTestId("chart-gap") as [HTMLElement];
    // 10 of 24 hours, in the 246 px of the plot.
    expect(Math.round(Number.parseFloat(gap.style.left))).toBe(101);
    expect(Math.round(Number.parseFloat(gap.style.width))).toBe(10);
    expect(screen.getByTestId("chart-plot").getAttribute("aria-label")).toContain(
      "1 gap without prices",
    );
    await fireEvent.pointerMove(screen.getByTestId("chart"), { clientX: 106, clientY: 50 });
    expect(screen.getByTestId("open-chart").textContent).toContain("No prices 12:00");
  });

  it("reads its prices by keys, one after the other, gaps included", async () => {
    await open([]);
    const plot = screen.getByTestId("chart-plot");
    const spoken = () => screen.getByRole("status").textContent;
    await fireEvent.keyDown(plot, { key: "ArrowLeft" });
    expect(spoken()).toMatch(/^2:00.PM {2}67,960\.50$/);
    await fireEvent.keyDown(plot, { key: "ArrowLeft" });
    expect(spoken()).toMatch(/^1:45.PM {2}67,950\.50$/);
    await fireEvent.keyDown(plot, { key: "Home" });
    expect(spoken()).toMatch(/67,000\.50$/);
    const all = new Set<string | null>();
    for (let turn = 0; turn < 100; turn += 1) {
      await fireEvent.keyDown(plot, { key: "ArrowRight" });
      all.add(spoken());
    }
    expect([...all].filter((text) => text?.startsWith("No prices"))).toHaveLength(1);
    expect(all.size).toBe(93 + 1 + 1 - 1);
  });

  it("asks for its history once, also where it is opened from the list", async () => {
    market.apply([quote("67960.50")]);
    const opened = market.show("BTC");
    render(MarketTab);
    const asked = await backend.next("price_history");
    await backend.next("firings");
    expect(backend.names()).not.toContain("price_history");
    asked.answer(history());
    await opened;
    expect(market.history?.symbol).toBe("BTC");
  });

  it("marks what fired, near ones together, each by its words", async () => {
    await open(
      [rule("r", above("68000"))],
      [
        firing("c", NOW - HOUR, { mark: "away" }),
        firing("b", NOW - 12 * HOUR),
        firing("a", NOW - 12 * HOUR - 60_000),
        firing("old", NOW - 30 * HOUR),
      ],
    );
    // Those of its symbol alone were asked for; one of another that fires meanwhile is none of them.
    alerts.fired(firing("other", NOW - HOUR, { symbol: "ETH" }));
    await tick();
    const discs = screen.getAllByTestId("chart-fired");
    expect(discs.map((disc) => disc.dataset.count)).toEqual(["2", "1"]);
    expect(discs[0]?.getAttribute("aria-label")).toMatch(/Firing a at 67,400\.50.*\n.*Firing b/s);
    expect(discs[1]?.getAttribute("aria-label")).toContain("Missed, offline");
    expect(discs.map((disc) => disc.tabIndex)).toEqual([-1, 0]);
    expect(screen.getByTestId("chart-legend").textContent).toMatch(
      /^\s*Alert fired\s*Fired without notifying you\s*$/,
    );
    discs[1]?.focus();
    await fireEvent.keyDown(discs[1] as HTMLElement, { key: "ArrowLeft" });
    expect(document.activeElement).toBe(discs[0]);
    await fireEvent.click(discs[0] as HTMLElement);
    expect(view.overlay).toMatchObject({ kind: "alert", id: "r" });
  });

  it("has a table behind T, and gives the focus back", async () => {
    await open([rule("r", above("67700"))], [firing("a", NOW - HOUR)]);
    lineAt(0).focus();
    await fireEvent.keyDown(lineAt(0), { key: "t" });
    const table = await screen.findByTestId("chart-table");
    await waitFor(() => expect(document.activeElement).toBe(table));
    const rows = screen.getAllByRole("row").map((row) => row.textContent?.replace(/\s+/g, " "));
    // Its head, 94 prices, one firing, one gap.
    expect(rows).toHaveLength(1 + 94 + 1 + 1);
    expect(rows[1]).toMatch(/^2:00 PM ?67,960\.50 ?28\.0/);
    expect(rows.some((row) => row?.includes("Firing a"))).toBe(true);
    expect(rows.some((row) => row?.includes("No prices"))).toBe(true);
    expect(screen.getAllByRole("columnheader")).toHaveLength(3);
    expect(screen.getAllByRole("rowheader").length).toBe(96);
    await fireEvent.keyDown(table, { key: "Escape" });
    await waitFor(() => expect(document.activeElement).toBe(lineAt(0)));
    expect(screen.queryByTestId("chart-table")).toBeNull();
  });

  it("says since when prices are here, where that is less than the range", async () => {
    await open([], [], history({ from: NOW - 48 * HOUR, kept_from: NOW - 24 * HOUR }));
    expect(screen.getByTestId("chart-since").textContent).toContain("Prices here since");
    // What is here takes the whole width.
    expect(Math.round(Number.parseFloat(screen.getByTestId("chart-gap").style.left))).toBe(101);
  });

  it("names who made the chart, and opens their page", async () => {
    await open([]);
    await fireEvent.click(screen.getByTestId("chart-maker"));
    expect((await backend.next("open_link")).args).toEqual({ url: "https://www.tradingview.com/" });
  });

  it("keeps labels of the axis off the chips", async () => {
    await open([rule("a", above("67960")), rule("b", above("67958")), rule("c", above("67955"))]);
    const chips = [...document.querySelectorAll<HTMLElement>(".chip, .now")];
    expect(chips).toHaveLength(4);
    const middles = chips
      .map(
        (chip) => top(chip) + top(chip.closest<HTMLElement>(".line") ?? document.body) || top(chip),
      )
      .sort((a, b) => a - b);
    for (const [index, middle] of middles.entries()) {
      if (index > 0) expect(middle - (middles[index - 1] ?? 0)).toBeGreaterThanOrEqual(17.99);
    }
    const labels = [...document.querySelectorAll<HTMLElement>(".chart > .price")].map(top);
    expect(labels.length).toBeGreaterThan(0);
    for (const label of labels) {
      for (const middle of middles) expect(Math.abs(label - middle)).toBeGreaterThanOrEqual(16);
    }
  });
});

describe("ticks", () => {
  const painted = () => paper.calls.filter((call) => call === "clearRect").length;
  const price = () => document.querySelector(".now")?.textContent;

  it("paint at most four times a second, the newest, and nothing while hidden", async () => {
    await open([]);
    vi.useFakeTimers({
      toFake: ["setTimeout", "clearTimeout", "performance", "requestAnimationFrame"],
    });
    const before = painted();
    let texts = 0;
    const observer = new MutationObserver(() => {
      texts += 1;
    });
    observer.observe(document.querySelector(".now") as Node, {
      characterData: true,
      subtree: true,
      childList: true,
    });
    for (let at = 1; at <= 20; at += 1) {
      market.apply([quote(String(67_960 + at), NOW + at * 100)]);
      await vi.advanceTimersByTimeAsync(100);
    }
    // Twenty ticks in two seconds.
    expect(texts).toBeGreaterThanOrEqual(6);
    expect(texts).toBeLessThanOrEqual(9);
    expect(painted()).toBeGreaterThan(before);
    await vi.advanceTimersByTimeAsync(300);
    expect(price()).toBe("67,980");
    const hidden = vi.spyOn(document, "hidden", "get").mockReturnValue(true);
    const still = painted();
    for (let at = 21; at <= 40; at += 1) {
      market.apply([quote(String(67_960 + at), NOW + at * 100)]);
      await vi.advanceTimersByTimeAsync(100);
    }
    expect(price()).toBe("67,980");
    expect(painted()).toBe(still);
    hidden.mockReturnValue(false);
    document.dispatchEvent(new Event("visibilitychange"));
    await vi.advanceTimersByTimeAsync(300);
    expect(price()).toBe("68,000");
    hidden.mockRestore();
  });
});

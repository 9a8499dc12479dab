import { fireEvent, render, screen, waitFor } from "@testing-library/svelte";
import { tick } from "svelte";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { BackendError } from "../src/lib/backend";
import type {
  ConditionForm,
  FiringRow,
  PriceHistory,
  QuoteRow,
  RuleForm,
  RuleRow,
  SaveRule,
} from "../src/lib/bindings";
import MarketTab from "../src/lib/panel/MarketTab.svelte";
import { alerts } from "../src/lib/state/alerts.svelte";
import { useBackend } from "../src/lib/state/engine.svelte";
import { market } from "../src/lib/state/market.svelte";
import { view } from "../src/lib/state/view.svelte";
import { toast } from "../src/lib/ui/toast.svelte";
import { layPaper } from "./canvas";
import { HandBackend } from "./fixtures";

const HOUR = 3_600_000;
const NOW = Date.UTC(2026, 9, 16, 14, 0);

let backend: HandBackend;
let paper: ReturnType<typeof layPaper>;

function quote(price: string, time = NOW): QuoteRow {
  return {
    symbol: "BTC",
    name: "Bitcoin",
    price,
    change_24h: null,
    change_percentage_24h: "1.2",
    market_cap: null,
    volume_24h: "28600000000",
    time,
    stale: false,
    watched: true,
    spark: [],
  };
}

/** A day of prices from 67,000 to 67,960, with an hour in which nobody listened. */
function history(more: Partial<PriceHistory> = {}): PriceHistory {
  const from = NOW - 24 * HOUR;
  const gap = { from: from + 10 * HOUR, to: from + 11 * HOUR };
  const points = Array.from({ length: 97 }, (_, at) => ({
    time: from + at * (HOUR / 4),
    price: `${67_000 + at * 10}.50`,
    volume: "28000000000",
  })).filter(({ time }) => time <= gap.from || time >= gap.to);
  return {
    symbol: "BTC",
    points,
    low: "67000.50",
    high: "67960.50",
    gaps: [gap],
    from,
    to: NOW,
    kept_from: from - HOUR,
    ...more,
  };
}

function rule(id: string, condition: ConditionForm, more: Partial<RuleRow> = {}): RuleRow {
  const form: RuleForm = {
    symbol: "BTC",
    condition,
    repeat: "every",
    cooldown_s: 300,
    expires_at: null,
    tags: ["swing"],
  };
  return {
    id,
    form,
    sentence: `Rule ${id}`,
    enabled: true,
    done: false,
    expired: false,
    paused: null,
    snoozed_until: null,
    muted: false,
    last_fired: null,
    distance_percent: null,
    waits_for: { below: null, above: null },
    ...more,
  };
}

const above = (price: string): ConditionForm => ({ kind: "above", price, rearm_percent: "0.1" });

function firing(id: string, time: number, more: Partial<FiringRow> = {}): FiringRow {
  const title = `Firing ${id}`;
  return {
    id,
    rule: "r",
    symbol: "BTC",
    title,
    price: "67400.50",
    time,
    mark: "notified",
    ...more,
  };
}

/** The open chart, drawn. */
async function open(rules: RuleRow[], firings: FiringRow[] = [], of = history()): Promise<void> {
  alerts.rules = rules;
  market.apply([quote("67960.50")]);
  market.open = "BTC";
  render(MarketTab);
  (await backend.next("price_history")).answer(of);
  (await backend.next("firings")).answer(firings);
  await screen.findByTestId("chart");
  await tick();
}

const lineAt = (index: number) => screen.getAllByTestId("chart-line")[index] as HTMLElement;
const top = (element: HTMLElement) => Number.parseFloat(element.style.top);

/** Takes the next rule that is saved; the engine answers it as changed. */
async function saved(): Promise<RuleForm> {
  const asked = await backend.next("save_rule");
  const { id, form } = asked.args as SaveRule;
  const known = alerts.rules.find((row) => row.id === id) as RuleRow;
  asked.answer({ ...known, form, sentence: "Crosses above another price" });
  return form;
}

const down = (element: HTMLElement, y: number) =>
  fireEvent.pointerDown(element, { button: 0, pointerId: 1, clientX: 100, clientY: y });
const drag = (element: HTMLElement, y: number) =>
  fireEvent.pointerMove(element, { pointerId: 1, clientX: 100, clientY: y });
const up = (element: HTMLElement) => fireEvent.pointerUp(element, { pointerId: 1 });

beforeEach(() => {
  backend = new HandBackend();
  useBackend(backend);
  paper = layPaper();
  market.clear();
  market.setInTouch(true);
  market.range = "1d";
  alerts.clear();
  view.overlay = undefined;
});

afterEach(() => {
  vi.useRealTimers();
  paper.restore();
});

describe("alert lines", () => {
  it("are those of the symbol's armed rules within reach, from the top down", async () => {
    await open([
      rule("low", above("67100")),
      rule("off", above("67200"), { enabled: false }),
      rule("far", above("90000")),
      rule("high", above("68000.00")),
      rule("range", { kind: "leaves_range", low: "67300", high: "67700", rearm_percent: "0.1" }),
      rule("both", {
        kind: "all",
        conditions: [
          above("67500"),
          { kind: "volume", side: "above", value: "9", rearm_percent: "1" },
        ],
      }),
    ]);
    const lines = screen.getAllByTestId("chart-line");
    const prices = lines.map((line) => line.dataset.price);
    expect(prices).toEqual(["68000.00", "67700", "67500", "67300", "67100"]);
    const tops = lines.map(top);
    expect(tops).toEqual([...tops].sort((a, b) => a - b));
    for (const line of lines) expect(line.tabIndex).toBe(0);
    expect(lineAt(0).getAttribute("aria-valuetext")).toBe("68,000, +0.1\u202f% away");
    expect(lineAt(1).getAttribute("aria-label")).toBe("Alert: Rule range, upper edge");
  });

  it("of a trailing rule follow it and cannot be moved", async () => {
    const trailing = rule(
      "t",
      { kind: "trailing", side: "falls", percent: "1" },
      {
        waits_for: { below: "67280.99", above: null },
      },
    );
    await open([trailing]);
    const line = screen.getByTestId("chart-line-follows");
    expect(line.getAttribute("role")).toBeNull();
    expect(line.getAttribute("aria-label")).toContain("67,280.99");
    const before = top(line);
    alerts.follow([{ id: "t", waits_for: { below: "67500", above: null } }]);
    await tick();
    expect(top(line)).toBeLessThan(before);
    const chart = screen.getByTestId("chart");
    await down(chart, top(line));
    await drag(chart, top(line) + 40);
    await up(chart);
    expect(backend.names()).not.toContain("save_rule");
    await fireEvent.click(line);
    expect(view.overlay).toMatchObject({ kind: "alert", id: "t" });
  });

  it("moved by the pointer stand at whole steps of the axis, and are saved when let go", async () => {
    await open([rule("r", above("67700.25"))]);
    const chart = screen.getByTestId("chart");
    const begun = top(lineAt(0));
    await down(chart, begun);
    await drag(chart, begun - 30);
    const price = lineAt(0).dataset.price ?? "";
    expect(price).toMatch(/^679\d\d$/);
    expect(top(lineAt(0))).toBeCloseTo(begun - 30, 0);
    expect(lineAt(0).textContent).toContain("%");
    expect(backend.names()).not.toContain("save_rule");
    await up(chart);
    expect(await saved()).toEqual({ ...alerts.rules[0]?.form, condition: above(price) });
    (await backend.next("preview_rule")).answer({
      valid: true,
      armed_at_once: false,
      arming: "Already above it. Fires after a fall.",
    });
    await waitFor(() => expect(toast.current?.text).toContain("Already above it."));
    expect(lineAt(0).dataset.price).toBe(price);
    // The way back brings the exact text back.
    toast.current?.action?.run();
    expect((await saved()).condition).toEqual(above("67700.25"));
  });

  it("that a pointer only touches keep their exact text, and nothing is saved", async () => {
    await open([rule("r", above("67700.250"))]);
    const chart = screen.getByTestId("chart");
    const begun = top(lineAt(0));
    await down(chart, begun + 5);
    await drag(chart, begun + 6);
    await up(chart);
    expect(lineAt(0).dataset.price).toBe("67700.250");
    expect(document.activeElement).toBe(lineAt(0));
    expect(backend.names()).not.toContain("save_rule");
  });

  it("are taken by the pointer that is nearest, and one at a time", async () => {
    await open([rule("a", above("67500")), rule("b", above("67450"))]);
    const chart = screen.getByTestId("chart");
    const [first, second] = [top(lineAt(0)), top(lineAt(1))];
    expect(second - first).toBeLessThan(24);
    await down(chart, second + 1);
    await drag(chart, second + 30);
    expect(lineAt(0).dataset.price).toBe("67500");
    expect(lineAt(1).dataset.price).not.toBe("67450");
    await fireEvent.pointerCancel(chart, { pointerId: 1 });
    expect(lineAt(1).dataset.price).toBe("67450");
  });

  it("go back with Escape, and the hand that still holds them moves nothing", async () => {
    await open([rule("r", above("67700"))]);
    const chart = screen.getByTestId("chart");
    const begun = top(lineAt(0));
    await down(chart, begun);
    await drag(chart, begun + 40);
    expect(lineAt(0).dataset.price).not.toBe("67700");
    await fireEvent.keyDown(lineAt(0), { key: "Escape" });
    expect(lineAt(0).dataset.price).toBe("67700");
    await drag(chart, begun + 60);
    await up(chart);
    expect(lineAt(0).dataset.price).toBe("67700");
    expect(backend.names()).not.toContain("save_rule");
  });

  it("that the engine refuses go back, and it says why", async () => {
    await open([rule("r", above("67700"))]);
    const chart = screen.getByTestId("chart");
    const begun = top(lineAt(0));
    await down(chart, begun);
    await drag(chart, begun + 40);
    await up(chart);
    const message = "The price has to be greater. Nothing was changed.";
    (await backend.next("save_rule")).refuse(
      new BackendError({ code: "invalid", message, details: null }),
    );
    await waitFor(() => expect(toast.current?.text).toContain(message));
    expect(lineAt(0).dataset.price).toBe("67700");
  });

  it("of a rule that is gone when let go are not saved", async () => {
    await open([rule("r", above("67700")), rule("s", above("67200"))]);
    const chart = screen.getByTestId("chart");
    const begun = top(lineAt(0));
    await down(chart, begun);
    await drag(chart, begun + 40);
    alerts.rules = alerts.rules.filter(({ id }) => id !== "r");
    await tick();
    await up(chart);
    expect(screen.getAllByTestId("chart-line").map((line) => line.dataset.price)).toEqual([
      "67200",
    ]);
    expect(backend.names()).not.toContain("save_rule");
  });

  it("change one price of a rule that has several", async () => {
    const range: ConditionForm = {
      kind: "leaves_range",
      low: "67300",
      high: "67700",
      rearm_percent: "0.1",
    };
    const volume: ConditionForm = { kind: "volume", side: "above", value: "9", rearm_percent: "1" };
    await open([rule("both", { kind: "all", conditions: [volume, range] }, { muted: true })]);
    lineAt(1).focus();
    await fireEvent.keyDown(lineAt(1), { key: "ArrowUp" });
    lineAt(1).blur();
    expect((await saved()).condition).toEqual({
      kind: "all",
      conditions: [volume, { ...range, low: "67301" }],
    });
  });
});

describe("keys on an alert line", () => {
  it("move it by a step of the axis, ten with Shift, and save once they rest", async () => {
    await open([rule("r", above("67700.5"))]);
    vi.useFakeTimers();
    const line = lineAt(0);
    line.focus();
    await fireEvent.keyDown(line, { key: "ArrowUp" });
    expect(line.dataset.price).toBe("67701");
    await fireEvent.keyDown(line, { key: "ArrowUp" });
    expect(line.getAttribute("aria-valuetext")).toContain("67,702");
    await fireEvent.keyDown(line, { key: "ArrowDown", shiftKey: true });
    expect(line.dataset.price).toBe("67700");
    await fireEvent.keyDown(line, { key: "PageDown" });
    expect(line.dataset.price).toBe("67690");
    expect(backend.names()).not.toContain("save_rule");
    vi.advanceTimersByTime(1000);
    vi.useRealTimers();
    expect((await saved()).condition).toEqual(above("67690"));
    expect(document.activeElement).toBe(line);
  });

  it("take it back with Escape, and open the editor with Enter", async () => {
    await open([rule("r", above("67700"))]);
    const line = lineAt(0);
    line.focus();
    await fireEvent.keyDown(line, { key: "ArrowUp" });
    const kept = await fireEvent.keyDown(line, { key: "Escape" });
    expect(kept).toBe(false);
    expect(line.dataset.price).toBe("67700");
    // Nothing to take back: the key is for what is around.
    expect(await fireEvent.keyDown(line, { key: "Escape" })).toBe(true);
    await fireEvent.keyDown(line, { key: "ArrowUp" });
    await fireEvent.keyDown(line, { key: "Enter" });
    expect(view.overlay).toMatchObject({ id: "r", form: { condition: above("67700") } });
    line.blur();
    expect(backend.names()).not.toContain("save_rule");
  });

  it("keep the focus on it when it passes another", async () => {
    await open([rule("a", above("67701")), rule("b", above("67700"))]);
    const line = lineAt(1);
    line.focus();
    await fireEvent.keyDown(line, { key: "PageUp" });
    expect(line.dataset.price).toBe("67710");
    vi.useFakeTimers();
    await fireEvent.keyDown(line, { key: "ArrowUp" });
    vi.advanceTimersByTime(1000);
    vi.useRealTimers();
    await saved();
    await waitFor(() => expect(lineAt(0).dataset.price).toBe("67711"));
    expect(document.activeElement?.getAttribute("data-price")).toBe("67711");
  });
});

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

  it("marks what fired, near ones together, each by its words", async () => {
    await open(
      [rule("r", above("68000"))],
      [
        firing("c", NOW - HOUR, { mark: "away" }),
        firing("b", NOW - 12 * HOUR),
        firing("a", NOW - 12 * HOUR - 60_000),
        firing("old", NOW - 30 * HOUR),
        firing("other", NOW - HOUR, { symbol: "ETH" }),
      ],
    );
    const discs = screen.getAllByTestId("chart-fired");
    expect(discs.map((disc) => disc.dataset.count)).toEqual(["2", "1"]);
    expect(discs[0]?.getAttribute("aria-label")).toMatch(/Firing a at 67,400\.50.*\n.*Firing b/s);
    expect(discs[1]?.getAttribute("aria-label")).toContain("Missed, offline");
    expect(discs.map((disc) => disc.tabIndex)).toEqual([-1, 0]);
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

import { fireEvent, screen, waitFor } from "@testing-library/svelte";
import { tick } from "svelte";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { BackendError } from "../src/lib/backend";
import type { ConditionForm } from "../src/lib/bindings";
import { alerts } from "../src/lib/state/alerts.svelte";
import { view } from "../src/lib/state/view.svelte";
import { toast } from "../src/lib/ui/toast.svelte";
import {
  above,
  backend,
  begin,
  down,
  drag,
  end,
  lineAt,
  open,
  rule,
  saved,
  top,
  up,
} from "./openchart";

beforeEach(begin);
afterEach(end);

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

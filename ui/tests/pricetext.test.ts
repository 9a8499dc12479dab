import { render, screen } from "@testing-library/svelte";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import PriceText from "../src/lib/panel/PriceText.svelte";
import { quote } from "./openchart";

/** Which way the digits are tinted. */
function tint(): "up" | "down" | undefined {
  const { classList } = screen.getByTestId("price");
  if (classList.contains("up")) return "up";
  return classList.contains("down") ? "down" : undefined;
}

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe("a price", () => {
  it("is tinted by the way it goes, and not by the first one known", async () => {
    const { rerender } = render(PriceText, { quote: quote("100") });
    expect(tint()).toBeUndefined();
    await rerender({ quote: quote("100.000000000000000001") });
    expect(tint()).toBe("up");
    vi.advanceTimersByTime(1000);
    await rerender({ quote: quote("99") });
    expect(tint()).toBe("down");
  });

  it("shows the newest digits at once, and is tinted once a second at most", async () => {
    const { rerender } = render(PriceText, { quote: quote("100") });
    await rerender({ quote: quote("101") });
    const tinted = screen.getByTestId("price");
    vi.advanceTimersByTime(999);
    await rerender({ quote: quote("90") });
    expect(screen.getByTestId("price")).toBe(tinted);
    expect(tinted.textContent).toContain("90");
    vi.advanceTimersByTime(1);
    await rerender({ quote: quote("89") });
    expect(screen.getByTestId("price")).not.toBe(tinted);
    expect(tint()).toBe("down");
  });

  it("is not tinted while the window is hidden, nor by the same price written otherwise", async () => {
    const { rerender } = render(PriceText, { quote: quote("100") });
    await rerender({ quote: quote("100.0") });
    expect(tint()).toBeUndefined();
    vi.spyOn(document, "hidden", "get").mockReturnValue(true);
    await rerender({ quote: quote("120") });
    expect(tint()).toBeUndefined();
  });
});

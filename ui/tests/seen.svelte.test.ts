import { flushSync } from "svelte";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { nowSince } from "../src/lib/state/clock.svelte";
import { whileSeen } from "../src/lib/ui/seen";

function turn(hidden: boolean): void {
  vi.spyOn(document, "hidden", "get").mockReturnValue(hidden);
  document.dispatchEvent(new Event("visibilitychange"));
}

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe("what is done while the page is seen", () => {
  it("rests while it is hidden, and is made up for when it is back", () => {
    const action = vi.fn();
    const stop = whileSeen(1000, action);
    vi.advanceTimersByTime(3000);
    expect(action).toHaveBeenCalledTimes(3);
    turn(true);
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(60_000);
    expect(action).toHaveBeenCalledTimes(3);
    turn(false);
    expect(action).toHaveBeenCalledTimes(4);
    vi.advanceTimersByTime(1000);
    expect(action).toHaveBeenCalledTimes(5);
    stop();
    turn(false);
    vi.advanceTimersByTime(5000);
    expect(action).toHaveBeenCalledTimes(5);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("how long ago something was", () => {
  it("is read each second for a minute, and each half minute then", () => {
    const since = Date.now();
    let reads = 0;
    const stop = $effect.root(() => {
      $effect(() => {
        nowSince(since);
        reads += 1;
      });
    });
    const readsIn = (seconds: number) => {
      const before = reads;
      for (let second = 0; second < seconds; second += 1) {
        vi.advanceTimersByTime(1000);
        flushSync();
      }
      return reads - before;
    };
    flushSync();
    expect(readsIn(60)).toBe(60);
    expect(readsIn(600)).toBe(20);
    stop();
  });
});

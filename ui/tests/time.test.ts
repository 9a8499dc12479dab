import { describe, expect, it } from "vitest";
import {
  ago,
  bareTimeOfDay,
  dayAndTime,
  dayHeader,
  dayKey,
  shortWhen,
  soundLength,
  span,
} from "../src/lib/format/time";
import { timeTicks } from "../src/lib/panel/chart/timeline";

// The tests run in UTC and, as happy-dom says, en-US.
const now = Date.UTC(2026, 9, 16, 14, 2);

describe("times in lists", () => {
  it.each([
    [Date.UTC(2026, 9, 16, 9, 5), /^0?9:05/],
    [Date.UTC(2026, 9, 15, 23, 59), /^Yesterday$/],
    [Date.UTC(2026, 9, 12, 8), /^Mon$/],
    [Date.UTC(2026, 8, 18, 8), /^Sep 18$/],
    [Date.UTC(2025, 8, 18, 8), /2025$/],
  ])("%d reads %s", (when, shown) => {
    expect(shortWhen(when, now)).toMatch(shown);
  });

  it("of something ahead are shown as a time", () => {
    expect(shortWhen(now + 3_600_000, now)).toMatch(/3:02/);
  });
});

describe("day headers", () => {
  it("name today and yesterday", () => {
    expect(dayHeader(now, now)).toBe("Today");
    expect(dayHeader(now - 86_400_000, now)).toBe("Yesterday");
  });

  it("name the day, and the year when it is another", () => {
    expect(dayHeader(Date.UTC(2026, 9, 12), now)).toMatch(/Monday.*October.*12/);
    expect(dayHeader(Date.UTC(2025, 9, 12), now)).toMatch(/2025/);
  });

  it("change at midnight", () => {
    const midnight = Date.UTC(2026, 9, 16);
    expect(dayKey(midnight - 1)).not.toBe(dayKey(midnight));
    expect(dayKey(midnight)).toBe(dayKey(midnight + 86_399_999));
  });
});

describe("sentences", () => {
  it("say the day and the time", () => {
    expect(dayAndTime(Date.UTC(2026, 9, 16, 8, 52), now)).toMatch(/^today, 0?8:52/);
    expect(dayAndTime(Date.UTC(2026, 9, 13, 16, 20), now)).toMatch(/Tue.*Oct 13, 0?4:20/);
  });

  it("write a time without its half of the day where there is no room", () => {
    expect(bareTimeOfDay(Date.UTC(2026, 9, 16, 16, 20))).toBe("4:20");
  });

  it.each([
    [2_000, "2 s ago"],
    [240_000, "4 min ago"],
    [7_200_000, "2 h ago"],
    [172_800_000, "2 d ago"],
    [400, "just now"],
    [600, "1 s ago"],
    [-5_000, "just now"],
  ])("say how long ago %d ms are", (passed, said) => {
    expect(ago(now - passed, now)).toBe(said);
  });

  it.each([
    [12, "0:12"],
    [75.4, "1:15"],
    [3729, "1:02:09"],
  ])("write %d s of sound as %s", (seconds, said) => {
    expect(soundLength(seconds)).toBe(said);
  });

  it.each([
    [1, "1 second"],
    [300, "5 minutes"],
    [3600, "1 hour"],
    [172_800, "2 days"],
    [90, "90 seconds"],
  ])("say %d s as %s", (seconds, said) => {
    expect(span(seconds)).toBe(said);
  });
});

describe("the time axis", () => {
  it("has a few round times", () => {
    const day = 86_400_000;
    const ticks = timeTicks(now - day, now, 7);
    expect(ticks.length).toBeGreaterThan(3);
    expect(ticks.length).toBeLessThanOrEqual(7);
    for (const tick of ticks) expect(tick % 3_600_000).toBe(0);
    expect(timeTicks(now, now, 7)).toEqual([]);
  });
});

import { describe, expect, it } from "vitest";
import {
  anchorAt,
  drawnRows,
  goesOn,
  isAtEnd,
  lastWhole,
  layOut,
  rowAt,
  scrollTopFor,
  shownWhole,
  totalHeight,
  visibleRange,
} from "../src/lib/conversation/virtual";

const keys = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => `m${from + index}`);

describe("the list's arithmetic", () => {
  it("sums heights", () => {
    const layout = layOut(["a", "b", "c"], (key) => (key === "b" ? 30 : 10));
    expect(layout.offsets).toEqual([0, 10, 40, 50]);
    expect(totalHeight(layout)).toBe(50);
    expect(totalHeight(layOut([], () => 1))).toBe(0);
  });

  it("finds the row under a place", () => {
    const layout = layOut(keys(1000), () => 20);
    expect(rowAt(layout, 0)).toBe(0);
    expect(rowAt(layout, 19)).toBe(0);
    expect(rowAt(layout, 20)).toBe(1);
    expect(rowAt(layout, 1e9)).toBe(999);
    expect(rowAt(layout, -5)).toBe(0);
    expect(
      rowAt(
        layOut([], () => 1),
        5,
      ),
    ).toBe(-1);
  });

  it("draws what is in view and a margin, and no more", () => {
    const layout = layOut(keys(10_000), () => 20);
    const { start, end } = visibleRange(layout, 100_000, 600, 200);
    expect(start).toBe((100_000 - 200) / 20);
    expect(end - start).toBeLessThan(60);
    expect(visibleRange(layout, 0, 600, 200).start).toBe(0);
    expect(visibleRange(layout, 200_000, 600, 200).end).toBe(10_000);
    expect(
      visibleRange(
        layOut([], () => 1),
        0,
        600,
        200,
      ),
    ).toEqual({ start: 0, end: 0 });
  });

  it("holds what was read still when older rows come in above", () => {
    const before = layOut(keys(50, 100), () => 40);
    const anchor = anchorAt(before, 510);
    expect(anchor).toEqual({ key: "m112", top: -30 });
    const after = layOut([...keys(60, 40), ...keys(50, 100)], () => 40);
    const top = anchor && scrollTopFor(after, anchor);
    expect(top).toBe(510 + 60 * 40);
    expect(top !== undefined && anchorAt(after, top)).toEqual(anchor);
  });

  it("holds it still when rows above turn out taller than guessed", () => {
    const guessed = layOut(keys(20), () => 40);
    const anchor = anchorAt(guessed, 400);
    const measured = layOut(keys(20), (key) => (Number(key.slice(1)) < 10 ? 70 : 40));
    expect(anchor && scrollTopFor(measured, anchor)).toBe(700);
  });

  it("does not hold on to a header, which older rows of its day come in below", () => {
    const before = layOut(["day", ...keys(60, 60)], () => 40);
    const anchor = anchorAt(before, 0, (row) => row > 0);
    expect(anchor).toEqual({ key: "m60", top: 40 });
    const after = layOut(["day", ...keys(120)], () => 40);
    expect(anchor && scrollTopFor(after, anchor)).toBe(60 * 40);
    expect(anchorAt(before, 0, () => false)).toEqual({ key: "day", top: 0 });
  });

  it("says when the anchor's row is gone", () => {
    expect(
      scrollTopFor(
        layOut(keys(3), () => 10),
        { key: "x", top: 0 },
      ),
    ).toBeUndefined();
  });

  it("knows the end, with some slack", () => {
    expect(isAtEnd(1000, 400, 600, 0)).toBe(true);
    expect(isAtEnd(1000, 380, 600, 24)).toBe(true);
    expect(isAtEnd(1000, 300, 600, 24)).toBe(false);
    expect(isAtEnd(200, 0, 600, 0)).toBe(true);
  });

  it("keeps rows drawn that are out of view, each in its place", () => {
    const layout = layOut(keys(100), () => 20);
    const drawn = drawnRows(layout, { start: 50, end: 52 }, ["m90", "m10", "m51", "gone"]);
    expect(drawn).toEqual([
      { row: 10, gap: 200 },
      { row: 50, gap: 780 },
      { row: 51, gap: 0 },
      { row: 90, gap: 760 },
    ]);
    expect(drawnRows(layout, { start: 0, end: 1 }, [])).toEqual([{ row: 0, gap: 0 }]);
  });

  it("moves no further than it takes to see a row whole", () => {
    const layout = layOut(keys(100), () => 20);
    const view = { top: 1000, height: 200 };
    const room = { above: 40, below: 8 };
    expect(shownWhole(layout, "m55", view, room)).toBeUndefined();
    expect(shownWhole(layout, "m51", view, room)).toEqual({ key: "m51", top: 40 });
    expect(shownWhole(layout, "m10", view, room)).toEqual({ key: "m10", top: 40 });
    expect(shownWhole(layout, "m59", view, room)).toEqual({ key: "m59", top: 172 });
    expect(shownWhole(layout, "m80", view, room)).toEqual({ key: "m80", top: 172 });
    expect(shownWhole(layout, "gone", view, room)).toBeUndefined();
  });

  it("knows the last row that is seen whole", () => {
    const layout = layOut(keys(10), () => 20);
    expect(lastWhole(layout, 0, 100)).toBe(4);
    expect(lastWhole(layout, 0, 99)).toBe(3);
    expect(lastWhole(layout, 0, 500)).toBe(9);
    expect(lastWhole(layout, 4, 99)).toBe(4);
  });

  it("begins at the top of a row that is larger than the view, and says where it goes on", () => {
    const layout = layOut(["a", "b", "c"], (key) => (key === "b" ? 900 : 20));
    const at = (top: number) => ({ top, height: 200 });
    expect(shownWhole(layout, "b", at(0), { above: 40, below: 8 })).toEqual({ key: "b", top: 40 });
    expect(goesOn(layout, "b", at(0), 1)).toBe(true);
    expect(goesOn(layout, "b", at(0), -1)).toBe(false);
    expect(goesOn(layout, "b", at(400), -1)).toBe(true);
    expect(goesOn(layout, "b", at(720), 1)).toBe(false);
    expect(goesOn(layout, "a", at(0), 1)).toBe(false);
  });
});

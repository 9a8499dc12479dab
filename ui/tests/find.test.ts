import { describe, expect, it } from "vitest";
import { literal, placesOf, wordsOf } from "../src/lib/conversation/find";
import { attended, focusTold } from "../src/lib/ui/attention";

describe("finding in a session", () => {
  it("marks words and phrases as they are typed", () => {
    expect(wordsOf('Release "ships today" in:box http://x')).toEqual([
      "release",
      "ships today",
      "in:box",
      "http://x",
    ]);
    expect(wordsOf('an open "quote end')).toEqual(["an", "open", "quote end"]);
    expect(wordsOf('  "" ')).toEqual([]);
  });

  it("asks for what is typed, and reads no operator in it", () => {
    expect(literal('release "ships today" note:x')).toBe('release "ships today" note:x');
    expect(literal("in:box From:me")).toBe('"in:box" "From:me"');
    expect(literal('"a"in:b in:"My trip"')).toBe('"a""in:b" "in:My" trip"');
    expect(literal('"in:box before:')).toBe('"in:box before:');
    expect(literal("before: in: x")).toBe("before: in: x");
  });

  it("finds each place without regard to case", () => {
    expect(placesOf("Migrate the migration", ["migra"])).toEqual([
      [0, 5],
      [12, 17],
    ]);
    expect(placesOf("nothing", ["here"])).toEqual([]);
  });

  it("leaves a text unmarked whose lower case has another length", () => {
    expect(placesOf("İstanbul", ["stanbul"])).toEqual([]);
  });
});

describe("attention", () => {
  const page = (visibilityState: DocumentVisibilityState, focus: boolean) =>
    ({ visibilityState, hasFocus: () => focus }) as Document;

  it("is enough to be in view while the system never told about focus", () => {
    expect(attended(page("visible", false))).toBe(true);
    expect(attended(page("hidden", true))).toBe(false);
  });

  it("needs the focus once the system tells about it", () => {
    focusTold();
    expect(attended(page("visible", false))).toBe(false);
    expect(attended(page("visible", true))).toBe(true);
  });
});

import { describe, expect, it } from "vitest";
import { placesOf, wordsOf } from "../src/lib/conversation/find";
import { attended, focusTold } from "../src/lib/ui/attention";

describe("finding in a session", () => {
  it("marks words and phrases, and not the operators", () => {
    expect(wordsOf('Release "ships today" from:tomás in:"My trip" has:link')).toEqual([
      "release",
      "ships today",
    ]);
    expect(wordsOf('an open "quote')).toEqual(["an", "open", "quote"]);
    expect(wordsOf("  ")).toEqual([]);
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

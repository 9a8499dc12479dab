import { describe, expect, it } from "vitest";
import { draftOf, formOf, unreadable } from "../src/lib/alerts/form";
import { parseDecimal, toText } from "../src/lib/format/decimal";
import { looksSecret } from "../src/lib/onboarding/key";
import { match } from "../src/lib/palette/match";
import { axisTicks, extremes, level, widen } from "../src/lib/panel/chart/scale";
import { place } from "../src/lib/panel/spark";
import { avatarColour, initials } from "../src/lib/ui/avatar";

describe("the alert editor", () => {
  it("has no rule while a figure is missing or none", () => {
    const draft = draftOf({ symbol: "BTC" }, "");
    expect(formOf(draft)).toBeUndefined();
    expect(unreadable(draft)).toBeUndefined();
    expect(formOf({ ...draft, price: "7O000" })).toBeUndefined();
    expect(unreadable({ ...draft, price: "7O000" })).toBe("7O000");
    expect(formOf({ ...draft, symbol: "", price: "1" })).toBeUndefined();
  });

  it("reads prices as they are written here", () => {
    const draft = { ...draftOf({}, "BTC"), price: "70,000.50" };
    expect(formOf(draft)?.condition).toMatchObject({ price: "70000.50" });
  });
});

describe("pasted keys", () => {
  const jwt = (role: string) =>
    `eyJhbGciOiJIUzI1NiJ9.${btoa(JSON.stringify({ role })).replace(/=+$/, "")}.sig`;

  it.each([
    ["sb_secret_abc", true],
    ["  sb_secret_abc", true],
    [jwt("service_role"), true],
    [jwt("anon"), false],
    ["sb_publishable_abc", false],
    ["eyJ.not-base64.x", false],
    ["", false],
  ])("%j are secret: %s", (key, secret) => {
    expect(looksSecret(key)).toBe(secret);
  });
});

describe("the palette's matching", () => {
  const hit = (text: string, query: string) =>
    match(text, query)
      ?.parts.filter((part) => part.hit)
      .map((part) => part.text)
      .join("|");

  it("prefers starts, then words, then anywhere, then scattered letters", () => {
    const ranks = ["BTC desk", "Old BTC", "WBTC", "Bits to cash"].map(
      (text) => match(text, "btc")?.rank,
    );
    expect(ranks).toEqual([0, 1, 2, 3]);
  });

  it("marks what matched, whatever its case and accents", () => {
    expect(hit("Tomás Vidal", "tomas")).toBe("Tomás");
    expect(hit("Großes Haus", "haus")).toBe("Haus");
    expect(hit("New alert on BTC", "btc")).toBe("BTC");
  });

  it("finds nothing where there is nothing", () => {
    expect(match("Release", "xyz")).toBeUndefined();
    expect(match("Release", "ea")?.rank).toBe(2);
    expect(match("Release", "es")).toBeUndefined();
    expect(match("Release", "")?.rank).toBe(0);
  });
});

describe("the chart", () => {
  const decimal = (text: string) => parseDecimal(text) ?? { digits: 0n, scale: 0 };

  it("has a few round prices on its axis", () => {
    const ticks = axisTicks(decimal("66755"), decimal("68399"), 4);
    expect(ticks.length).toBeGreaterThanOrEqual(2);
    expect(ticks.length).toBeLessThanOrEqual(5);
    for (const tick of ticks) expect(Number(toText(tick)) % 100).toBe(0);
    expect(axisTicks(decimal("0.99"), decimal("1.01"), 4).map(toText).map(Number)).toContain(1);
    expect(axisTicks(decimal("1"), decimal("1"), 4)).toEqual([]);
  });

  it("places prices between its edges", () => {
    expect(level(decimal("1.5"), decimal("1"), decimal("2"), 100)).toBe(50);
    expect(level(decimal("1"), decimal("1"), decimal("1"), 100)).toBe(50);
    const edges = extremes([decimal("2"), decimal("1.25"), decimal("3")]);
    expect(edges && [toText(edges.low), toText(edges.high)]).toEqual(["1.25", "3"]);
    const wide = widen(decimal("1"), decimal("2"), 10n);
    expect([toText(wide.low), toText(wide.high)]).toEqual(["0.90", "2.10"]);
  });

  it("draws a line from left to right, dearer higher", () => {
    const points = place(
      [
        { time: 0, price: "1" },
        { time: 5, price: "not a price" },
        { time: 10, price: "2" },
      ],
      100,
      20,
    );
    expect(points).toEqual([
      { x: 0, y: 20 },
      { x: 100, y: 0 },
    ]);
    expect(place([{ time: 0, price: "1" }], 100, 20)).toEqual([]);
  });
});

describe("avatars", () => {
  it("have up to two letters and always the same colour", () => {
    expect(initials("Maya Okafor")).toBe("MO");
    expect(initials("alice@example.com")).toBe("AC");
    expect(initials("Sable")).toBe("S");
    expect(initials("  ")).toBe("?");
    expect(avatarColour("maya")).toBe(avatarColour("maya"));
  });
});

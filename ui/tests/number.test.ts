import { describe, expect, it } from "vitest";
import {
  compare,
  difference,
  parseDecimal,
  percentBetween,
  roundTo,
  spread,
  toText,
} from "../src/lib/format/decimal";
import {
  amount,
  axisPrice,
  change,
  compact,
  MINUS,
  percent,
  price,
  readPrice,
  signedAmount,
  signedPercent,
  THIN,
} from "../src/lib/format/number";

function decimal(text: string) {
  const value = parseDecimal(text);
  if (!value) throw new Error(`no decimal: ${text}`);
  return value;
}

describe("decimals", () => {
  it.each([
    ["67890.123456789012345678901234567890", "67890.123456789012345678901234567890"],
    ["-0.5", "-0.5"],
    [".25", "0.25"],
    ["1e3", "1000"],
    ["2.5e-3", "0.0025"],
    ["9223372036854775807", "9223372036854775807"],
  ])("reads %s exactly", (text, exact) => {
    expect(toText(decimal(text))).toBe(exact);
  });

  it.each(["", "-", "abc", "1,5", "1.2.3", "NaN", "0x10", "1e99999"])("refuses %j", (text) => {
    expect(parseDecimal(text)).toBeUndefined();
  });

  it("rounds halves away from zero", () => {
    expect(toText(roundTo(decimal("0.125"), 2))).toBe("0.13");
    expect(toText(roundTo(decimal("-0.125"), 2))).toBe("-0.13");
    expect(toText(roundTo(decimal("0.1249"), 2))).toBe("0.12");
  });

  it("compares and subtracts across scales", () => {
    expect(compare(decimal("1.10"), decimal("1.1"))).toBe(0);
    expect(compare(decimal("0.9999999999"), decimal("1"))).toBe(-1);
    expect(toText(difference(decimal("1"), decimal("0.0001")))).toBe("0.9999");
  });

  it("tells the distance in percent of where it starts", () => {
    const distance = percentBetween(decimal("67893.40"), decimal("70000"), 1);
    expect(distance && toText(distance)).toBe("3.1");
    expect(percentBetween(decimal("0"), decimal("1"), 1)).toBeUndefined();
  });

  it("spreads values for drawing, all equal in the middle", () => {
    expect(spread([decimal("1"), decimal("2"), decimal("1.5")], 100)).toEqual([0, 100, 50]);
    expect(spread([decimal("7"), decimal("7.0")], 24)).toEqual([12, 12]);
  });
});

describe("prices", () => {
  it.each([
    ["67893.4", "67,893.40"],
    ["67893.405", "67,893.41"],
    ["1", "1.00"],
    ["0.5241", "0.5241"],
    ["0.52416", "0.5242"],
    ["0.00001234567", "0.00001235"],
    ["0.99999", "1.00"],
    ["0", "0.00"],
    ["123456789012345678.99", "123,456,789,012,345,678.99"],
    ["-12.5", `${MINUS}12.50`],
    ["not a price", "not a price"],
  ])("writes %s as %s", (text, shown) => {
    expect(price(text)).toBe(shown);
  });

  it("keeps a threshold as it was written", () => {
    expect(amount("70000")).toBe("70,000");
    expect(amount("0.9950")).toBe("0.995");
    expect(percent("0.1")).toBe(`0.1${THIN}%`);
  });

  it("leaves the decimals away on an axis where there is no room", () => {
    expect(axisPrice("67893.40")).toBe("67,893");
    expect(axisPrice("999.5")).toBe("999.50");
  });

  it("signs amounts", () => {
    expect(signedAmount(decimal("831.57"))).toBe("+831.57");
    expect(signedAmount(decimal("-12"))).toBe(`${MINUS}12.00`);
  });

  it.each([
    ["1340000000000", `1.34${THIN}T`],
    ["28600000000", `28.6${THIN}B`],
    ["123456789", `123${THIN}M`],
    ["950000", "950,000"],
  ])("shortens %s to %s", (text, shown) => {
    expect(compact(text)).toBe(shown);
  });
});

describe("changes", () => {
  it("have a sign and a direction", () => {
    expect(change("1.24")).toEqual({
      direction: "up",
      text: `+1.24${THIN}%`,
    });
    expect(change("-0.42")).toMatchObject({
      direction: "down",
      text: `${MINUS}0.42${THIN}%`,
    });
  });

  it("are flat when they round to nothing", () => {
    expect(change("-0.004")).toMatchObject({
      direction: "flat",
      text: `0.00${THIN}%`,
    });
  });

  it("take fewer digits where asked", () => {
    expect(signedPercent("3.14", 1)).toBe(`+3.1${THIN}%`);
  });
});

describe("typed prices", () => {
  it.each([
    ["70,000", "70000"],
    ["70000", "70000"],
    ["1,234,567.89", "1234567.89"],
    ["70 000", "70000"],
    ["0.995", "0.995"],
    ["70,5", "70.5"],
    [".5", ".5"],
    ["70000.", "70000"],
  ])("reads %s as %s", (text, exact) => {
    expect(readPrice(text)).toBe(exact);
  });

  it.each(["", "abc", "-5", "1.2.3", "12e3", "7O000"])("refuses %j", (text) => {
    expect(readPrice(text)).toBeUndefined();
  });
});

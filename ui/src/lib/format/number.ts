import { byLanguage, spoken, t } from "../i18n";
import { type Decimal, parseDecimal, parts, roundTo, trimmed } from "./decimal";

export const MINUS = "\u2212";
/** Narrow no-break space, before a percent sign. */
export const THIN = "\u202f";

export type Direction = "up" | "down" | "flat";

const grouping = byLanguage(({ numbers }) => new Intl.NumberFormat(numbers));

/** What stands between thousands and before decimals, here. */
export const separators = byLanguage(({ numbers }) => {
  const parts = new Intl.NumberFormat(numbers, { useGrouping: true }).formatToParts(1_234_567.5);
  // One character each: that is what the engine takes.
  const of = (type: string) => [...(parts.find((part) => part.type === type)?.value ?? "")][0];
  return { group: of("group") ?? ",", decimal: of("decimal") ?? "." };
});

/** A price as the feed gives it: two decimals from 1 up, four significant digits below. */
export function price(text: string): string {
  const value = parseDecimal(text);
  return value ? plain(roundTo(value, priceScale(value))) : text;
}

/** A price on an axis, where space is short: whole from 1,000 up, but with at least `digits` after the point. */
export function axisPrice(text: string, digits = 0): string {
  const value = parseDecimal(text);
  return value ? plain(roundTo(value, Math.max(digits, axisScale(value)))) : text;
}

/** How many digits after the point a price has on an axis. */
export function axisScale(value: Decimal): number {
  return parts(value).whole >= 1000n ? 0 : priceScale(value);
}

/** A threshold as its writer wrote it, grouped. */
export function amount(text: string): string {
  const value = parseDecimal(text);
  return value ? plain(trimmed(value)) : text;
}

/** A signed amount: `+831.57`, `−12.00`. */
export function signedAmount(value: Decimal): string {
  const rounded = roundTo(value, priceScale(value));
  return apart((rounded.digits > 0n ? "+" : "") + plain(rounded));
}

/** `+1.24 %`, `−0.42 %`, `0.00 %`; `scale` digits after the point. */
export function signedPercent(text: string | Decimal, scale = 2): string {
  const value = typeof text === "string" ? parseDecimal(text) : text;
  if (!value) return "";
  const rounded = roundTo(value, scale);
  return apart(`${rounded.digits > 0n ? "+" : ""}${plain(rounded)}${THIN}%`);
}

/** `0.1 %`, as written. */
export function percent(text: string): string {
  return apart(`${amount(text)}${THIN}%`);
}

export interface Change {
  direction: Direction;
  text: string;
}

/** A change in percent with its sign and direction, each as rounded for display. */
export function change(text: string): Change | undefined {
  const value = parseDecimal(text);
  if (!value) return undefined;
  const rounded = roundTo(value, 2);
  const direction = rounded.digits > 0n ? "up" : rounded.digits < 0n ? "down" : "flat";
  return { direction, text: signedPercent(rounded) };
}

const COMPACT = [
  { zeros: 12, suffix: "number.trillion" },
  { zeros: 9, suffix: "number.billion" },
  { zeros: 6, suffix: "number.million" },
] as const;

/** Large amounts with three digits: `1.34 T`, `28.6 B`. */
export function compact(text: string): string {
  const value = parseDecimal(text);
  if (!value) return text;
  const size = parts(value).whole.toString().length;
  for (const { zeros, suffix } of COMPACT) {
    if (size > zeros) {
      const shifted = { digits: value.digits, scale: value.scale + zeros };
      return apart(
        `${plain(roundTo(shifted, Math.max(0, 3 - (size - zeros))))}${THIN}${t(suffix)}`,
      );
    }
  }
  return plain(roundTo(value, 0));
}

/** Groups of a whole number. */
export function count(value: number): string {
  return grouping().format(value);
}

/**
 * What a person typed as a price, by the separators of the place; undefined when it is none. A lone
 * separator that groups nothing is taken as the decimal point: `70,5` and `0.995` mean themselves
 * everywhere.
 */
export function readPrice(text: string): string | undefined {
  const bare = text.replace(/[\s\u00a0\u202f'’]/g, "");
  const point = separators().decimal;
  const group = point === "," ? "." : ",";
  const grouped = new RegExp(`^[1-9]\\d{0,2}(\\${group}\\d{3})+(\\${point}\\d*)?$`);
  const normal = grouped.test(bare)
    ? bare.replaceAll(group, "").replace(point, ".")
    : bare.replace(",", ".");
  if (!/^\d+(\.\d*)?$|^\.\d+$/.test(normal)) return undefined;
  return normal.endsWith(".") ? normal.slice(0, -1) : normal;
}

function priceScale(value: Decimal): number {
  const { whole, fraction } = parts(value);
  if (whole > 0n || value.digits === 0n) return 2;
  const zeros = /^0*/.exec(fraction)?.[0].length ?? 0;
  const scale = zeros + 4;
  return parts(roundTo(value, scale)).whole > 0n ? 2 : scale;
}

/** Sign, digits and unit stay in their order where lines run to the left. */
function apart(text: string): string {
  return spoken().direction === "rtl" ? `\u2066${text}\u2069` : text;
}

function plain(value: Decimal): string {
  const { negative, whole, fraction } = parts(value);
  const tail = fraction === "" ? "" : separators().decimal + fraction;
  return (negative ? MINUS : "") + grouping().format(whole) + tail;
}

const UNITS = ["KiB", "MiB", "GiB", "TiB"] as const;
const oneDigit = byLanguage(
  ({ numbers }) => new Intl.NumberFormat(numbers, { maximumFractionDigits: 1 }),
);

/** A size: `812 KiB`, `3.1 MiB`. */
export function bytes(size: number): string {
  let value = size / 1024;
  let unit = 0;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const shown = unit === 0 ? Math.ceil(value) : value;
  return `${oneDigit().format(shown)}${THIN}${UNITS[unit]}`;
}

import { parseDecimal } from "../format/decimal";
import { amount, readPrice } from "../format/number";
import { span } from "../format/time";
import { spoken, t } from "../i18n";

/** What a length of time is counted in, in seconds. */
export const UNITS = [1, 60, 3600, 86_400] as const;
export type Unit = (typeof UNITS)[number];

const NAMES = { 1: "second", 60: "minute", 3600: "hour", 86400: "day" } as const;

/** Both in seconds, and both allowed. */
export interface Limits {
  least: number;
  most: number;
}

/** The engine counts in whole seconds of 32 bits: these are the whole days that they hold. */
const LONGEST = 49_710 * 86_400;

export const WINDOW_LIMITS: Limits = { least: 1, most: LONGEST };
export const COOLDOWN_LIMITS: Limits = { least: 0, most: LONGEST };
/** A snooze is told in whole minutes, and lasts a year at most. */
export const SNOOZE_LIMITS: Limits = { least: 60, most: 525_600 * 60 };

/** What a time has to be, for one that is not. */
export function limitsSaid(which: "window" | "pause" | "expires"): string {
  if (which === "expires") return t("editor.noMoment", { what: t("editor.expires") });
  return spanLimitsSaid(t(`editor.${which}`), which === "window" ? WINDOW_LIMITS : COOLDOWN_LIMITS);
}

/** `Time: 1 second to 49,710 days`. */
export function spanLimitsSaid(what: string, { least, most }: Limits): string {
  return t("editor.limits", { what, least: span(least), most: span(most) });
}

/** `minutes`, in the language in use. */
export function unitName(unit: Unit): string {
  const style = { style: "unit", unit: NAMES[unit], unitDisplay: "long" } as const;
  const parts = new Intl.NumberFormat(spoken().words, style).formatToParts(2);
  return parts.find(({ type }) => type === "unit")?.value ?? NAMES[unit];
}

/** The largest unit that a length of time is so many whole ones of. */
export function unitOf(seconds: number): Unit {
  if (seconds === 0) return 60;
  return UNITS.findLast((unit) => seconds % unit === 0) ?? 1;
}

/** A length of time as somebody would write it, in a unit. */
export function writeSpan(seconds: number, unit: Unit): string {
  return amount(String(seconds / unit));
}

/** The seconds that a figure says in a unit; none where they are not whole, or outside the limits. */
export function readSpan(text: string, unit: Unit, limits: Limits): number | undefined {
  const figure = parseDecimal(readPrice(text) ?? "");
  if (!figure) return undefined;
  const seconds = figure.digits * BigInt(unit);
  const whole = 10n ** BigInt(figure.scale);
  if (seconds % whole !== 0n) return undefined;
  const found = Number(seconds / whole);
  return found >= limits.least && found <= limits.most ? found : undefined;
}

/** An exact decimal: `digits · 10^-scale`. Prices arrive as text and never pass through a float. */
export interface Decimal {
  readonly digits: bigint;
  readonly scale: number;
}

const FORM = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?$/;

/** Reads `-12.50`, `.5`, `1e-8`; undefined for anything that is no number. */
export function parseDecimal(text: string): Decimal | undefined {
  const match = FORM.exec(text.trim());
  if (!match) return undefined;
  const [, sign, whole = "", fraction = "", exponent] = match;
  if (whole === "" && fraction === "") return undefined;
  let digits = BigInt(whole + fraction);
  let scale = fraction.length - Number(exponent ?? 0);
  if (scale < 0) {
    digits *= 10n ** BigInt(-scale);
    scale = 0;
  }
  return { digits: sign === "-" ? -digits : digits, scale };
}

/** Rounds to `scale` digits after the point, halves away from zero. */
export function roundTo(value: Decimal, scale: number): Decimal {
  if (value.scale <= scale) {
    return { digits: value.digits * 10n ** BigInt(scale - value.scale), scale };
  }
  return { digits: divideRounded(value.digits, 10n ** BigInt(value.scale - scale)), scale };
}

/** Digits before the point and after it, without the sign. */
export function parts(value: Decimal): { negative: boolean; whole: bigint; fraction: string } {
  const negative = value.digits < 0n;
  const size = negative ? -value.digits : value.digits;
  const unit = 10n ** BigInt(value.scale);
  const fraction = value.scale === 0 ? "" : (size % unit).toString().padStart(value.scale, "0");
  return { negative, whole: size / unit, fraction };
}

export function compare(a: Decimal, b: Decimal): number {
  const scale = Math.max(a.scale, b.scale);
  const left = roundTo(a, scale).digits;
  const right = roundTo(b, scale).digits;
  return left < right ? -1 : left > right ? 1 : 0;
}

/** How far `to` is from `from`, in percent of `from`; undefined when `from` is zero. */
export function percentBetween(from: Decimal, to: Decimal, scale: number): Decimal | undefined {
  if (from.digits === 0n) return undefined;
  const common = Math.max(from.scale, to.scale);
  const base = roundTo(from, common).digits;
  const gap = roundTo(to, common).digits - base;
  const size = base < 0n ? -base : base;
  return { digits: divideRounded(gap * 100n * 10n ** BigInt(scale), size), scale };
}

/** `value · (1 + percent/100)`, exact. */
export function shiftByPercent(value: Decimal, percent: Decimal, sign: 1 | -1): Decimal {
  const unit = 10n ** BigInt(percent.scale + 2);
  const factor = unit + BigInt(sign) * percent.digits;
  return { digits: value.digits * factor, scale: value.scale + percent.scale + 2 };
}

export function difference(a: Decimal, b: Decimal): Decimal {
  const scale = Math.max(a.scale, b.scale);
  return { digits: roundTo(a, scale).digits - roundTo(b, scale).digits, scale };
}

/**
 * Places each value between the least (0) and the greatest (`steps`), for drawing. All equal:
 * the middle.
 */
export function spread(values: readonly Decimal[], steps: number): number[] {
  const scale = values.reduce((most, value) => Math.max(most, value.scale), 0);
  const aligned = values.map((value) => roundTo(value, scale).digits);
  let least = aligned[0] ?? 0n;
  let most = least;
  for (const value of aligned) {
    if (value < least) least = value;
    if (value > most) most = value;
  }
  const range = most - least;
  if (range === 0n) return aligned.map(() => steps / 2);
  return aligned.map((value) => Number(((value - least) * BigInt(steps * 100)) / range) / 100);
}

/** Without zeros at the end of its fraction. */
export function trimmed(value: Decimal): Decimal {
  let { digits, scale } = value;
  while (scale > 0 && digits % 10n === 0n) {
    digits /= 10n;
    scale -= 1;
  }
  return { digits, scale };
}

export function toText(value: Decimal): string {
  const { negative, whole, fraction } = parts(value);
  return `${negative ? "-" : ""}${whole}${fraction === "" ? "" : `.${fraction}`}`;
}

function divideRounded(value: bigint, by: bigint): bigint {
  const half = by / 2n;
  return value < 0n ? -((-value + half) / by) : (value + half) / by;
}

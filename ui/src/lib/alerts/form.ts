import type { ConditionForm, RuleForm } from "../bindings";
import { amount, readPrice } from "../format/number";

/** What the sentence can say between the symbol and its figures. */
export const KINDS = [
  "above",
  "below",
  "crosses",
  "moves",
  "rises",
  "falls",
  "trail_falls",
  "trail_rises",
  "new_high",
  "new_low",
  "new_extreme",
  "leaves_range",
  "enters_range",
  "step",
  "change_above",
  "change_below",
  "volume_above",
  "volume_below",
  "cap_above",
  "cap_below",
  "stale",
] as const;

export type Kind = (typeof KINDS)[number];

/** What is true or false at a tick, and so can be one of two conditions at once. */
const TURNS: readonly Kind[] = ["crosses", "trail_falls", "trail_rises", "step", "stale"];
export const TRUTHS: readonly Kind[] = KINDS.filter((kind) => !TURNS.includes(kind));

/** What a condition has beside its kind, as far as somebody types or chooses it. */
export type Shape = "price" | "range" | "percent" | "value" | "step" | "window";

const SHAPES: Readonly<Record<Kind, readonly Shape[]>> = {
  above: ["price"],
  below: ["price"],
  crosses: ["price"],
  moves: ["percent", "window"],
  rises: ["percent", "window"],
  falls: ["percent", "window"],
  trail_falls: ["percent"],
  trail_rises: ["percent"],
  new_high: ["window"],
  new_low: ["window"],
  new_extreme: ["window"],
  leaves_range: ["range"],
  enters_range: ["range"],
  step: ["step"],
  change_above: ["percent"],
  change_below: ["percent"],
  volume_above: ["value"],
  volume_below: ["value"],
  cap_above: ["value"],
  cap_below: ["value"],
  stale: ["window"],
};

export function has(kind: Kind, shape: Shape): boolean {
  return SHAPES[kind].includes(shape);
}

/** One condition; figures as typed. */
export interface Part {
  kind: Kind;
  price: string;
  low: string;
  high: string;
  percent: string;
  /** Volume or market cap. */
  value: string;
  step: string;
  /** Where one of the steps lies. */
  base: string;
  /** In seconds; undefined while what is typed is none that the engine takes. */
  window: number | undefined;
  /** Re-arm distance, as typed: percent, or points for a 24 h change. */
  rearm: string;
}

/** What stands in the editor. */
export interface Draft extends Part {
  symbol: string;
  /** What has to be true at the same tick. */
  second: Part | undefined;
  repeat: RuleForm["repeat"];
  /** As `window`. */
  cooldown: number | undefined;
  /** In milliseconds; null: never; undefined while what is typed is no time to come. */
  expires: number | null | undefined;
  /** Between commas, as typed. */
  tags: string;
  /** The tags that it had, which may have commas in them. */
  given: readonly string[];
  /** Own text of the notification; blank: the usual one. */
  message: string;
}

export const WINDOWS = [60, 300, 900, 1800, 3600, 14_400, 86_400, 604_800, 2_592_000] as const;
export const COOLDOWNS = [0, 60, 300, 900, 3600, 14_400, 86_400] as const;
const LINE_REARMS = ["0", "0.1", "0.25", "0.5", "1", "2"] as const;
const FIGURE_REARMS = ["0.5", "1", "2", "5", "10"] as const;
const STEP_REARMS = ["5", "10", "20", "50"] as const;

/** Which re-arm distance a kind has; undefined: it is armed again by itself. */
export function rearmOf(
  kind: Kind,
): { usual: string; choices: readonly string[]; unit: "percent" | "points" } | undefined {
  if (has(kind, "step")) return { usual: "10", choices: STEP_REARMS, unit: "percent" };
  if (has(kind, "value")) return { usual: "1", choices: FIGURE_REARMS, unit: "percent" };
  if (isChange(kind)) return { usual: "0.25", choices: LINE_REARMS, unit: "points" };
  const follows = has(kind, "percent") || kind === "stale";
  return follows ? undefined : { usual: "0.1", choices: LINE_REARMS, unit: "percent" };
}

export function isThreshold(kind: Kind): boolean {
  return has(kind, "price");
}

export function isChange(kind: Kind): boolean {
  return kind === "change_above" || kind === "change_below";
}

/** The part with another kind; the re-arm distance is that kind's own where they differ in kind. */
export function ofKind(part: Part, kind: Kind): Partial<Part> {
  const [from, to] = [rearmOf(part.kind), rearmOf(kind)];
  const same = from?.choices === to?.choices && from?.unit === to?.unit;
  return { kind, ...(same || !to ? {} : { rearm: amount(to.usual) }) };
}

export function newPart(kind: Kind): Part {
  return {
    kind,
    price: "",
    low: "",
    high: "",
    percent: "2",
    value: "",
    step: "",
    base: "0",
    window: 900,
    rearm: amount(rearmOf(kind)?.usual ?? "0.1"),
  };
}

export function draftOf(form: Partial<RuleForm>, symbol: string): Draft {
  const { condition } = form;
  const [first, second] = condition?.kind === "all" ? condition.conditions : [condition];
  return {
    ...newPart("above"),
    ...(first ? ofCondition(first) : {}),
    symbol: form.symbol ?? symbol,
    second: second ? { ...newPart("above"), ...ofCondition(second) } : undefined,
    repeat: form.repeat ?? "once",
    cooldown: form.cooldown_s ?? 300,
    expires: form.expires_at ?? null,
    tags: (form.tags ?? []).join(", "),
    given: form.tags ?? [],
    message: form.message ?? "",
  };
}

/** The rule that the draft says; undefined while a figure is missing or is none. */
export function formOf(draft: Draft): RuleForm | undefined {
  const first = conditionOf(draft, !draft.second);
  const second = draft.second && conditionOf(draft.second, false);
  if (!first || draft.symbol === "" || (draft.second && !second)) return undefined;
  const { expires } = draft;
  if (expires === undefined || impossible(draft) !== undefined) return undefined;
  return {
    symbol: draft.symbol,
    condition: second ? { kind: "all", conditions: [first, second] } : first,
    repeat: draft.repeat,
    cooldown_s: draft.cooldown ?? null,
    expires_at: expires,
    tags: tagsOf(draft.tags, draft.given),
    message: draft.message.trim() === "" ? null : draft.message.trim(),
  };
}

/** The tags between commas, each once. Those given with commas in them are found whole. */
export function tagsOf(typed: string, given: readonly string[] = []): string[] {
  const parts = typed.split(",").map((part) => part.trim());
  const whole = given
    .map((tag) => ({ tag, parts: tag.split(",").map((part) => part.trim()) }))
    .sort((a, b) => b.parts.length - a.parts.length);
  const tags: string[] = [];
  for (let at = 0; at < parts.length; ) {
    const found = whole.find((each) => each.parts.every((part, i) => part === parts[at + i]));
    tags.push(found?.tag ?? parts[at] ?? "");
    at += found?.parts.length ?? 1;
  }
  return [...new Set(tags.filter((tag) => tag !== ""))];
}

/** The time that somebody typed and that cannot be; undefined when all can. */
export function impossible(draft: Draft): "window" | "pause" | "expires" | undefined {
  const parts = draft.second ? [draft, draft.second] : [draft];
  if (parts.some((part) => has(part.kind, "window") && part.window === undefined)) return "window";
  if (draft.repeat === "every" && draft.cooldown === undefined) return "pause";
  return draft.expires === undefined ? "expires" : undefined;
}

/** The figure that cannot be read, as typed. */
export function unreadable(draft: Draft): string | undefined {
  const parts = draft.second ? [draft, draft.second] : [draft];
  const rearm = draft.second || !rearmOf(draft.kind) ? [] : [draft.rearm];
  return [...parts.flatMap(figures), ...rearm].find(
    (figure) => figure.trim() !== "" && readPrice(figure) === undefined,
  );
}

function figures(part: Part): string[] {
  if (has(part.kind, "range")) return [part.low, part.high];
  if (has(part.kind, "price")) return [part.price];
  if (has(part.kind, "value")) return [part.value];
  if (has(part.kind, "step")) return [part.step, unsigned(part.base)];
  if (!has(part.kind, "percent")) return [];
  return [isChange(part.kind) ? unsigned(part.percent) : part.percent];
}

/** Of two at once the margins play no part: one that cannot be read is the usual one. */
function conditionOf(part: Part, alone: boolean): ConditionForm | undefined {
  const { kind } = part;
  const { window: window_s = 0 } = part;
  const rearm_percent = readPrice(part.rearm) ?? null;
  if (has(kind, "window") && part.window === undefined) return undefined;
  if (alone && rearmOf(kind) && rearm_percent === null) return undefined;
  switch (kind) {
    case "above":
    case "below":
    case "crosses": {
      const price = readPrice(part.price);
      return price === undefined ? undefined : { kind, price, rearm_percent };
    }
    case "leaves_range":
    case "enters_range": {
      const low = readPrice(part.low);
      const high = readPrice(part.high);
      return low === undefined || high === undefined
        ? undefined
        : { kind, low, high, rearm_percent };
    }
    case "moves":
    case "rises":
    case "falls": {
      const percent = readPrice(part.percent);
      const direction = kind === "rises" ? "up" : kind === "falls" ? "down" : "either";
      return percent === undefined ? undefined : { kind: "moves", percent, window_s, direction };
    }
    case "trail_falls":
    case "trail_rises": {
      const percent = readPrice(part.percent);
      const side = kind === "trail_falls" ? "falls" : "rises";
      return percent === undefined ? undefined : { kind: "trailing", side, percent };
    }
    case "new_high":
    case "new_low":
    case "new_extreme": {
      const extreme = kind === "new_high" ? "high" : kind === "new_low" ? "low" : "either";
      return { kind: "new_extreme", extreme, window_s, rearm_percent };
    }
    case "step": {
      const step = readPrice(part.step);
      const base = readSigned(part.base.trim() === "" ? "0" : part.base);
      return step === undefined || base === undefined
        ? undefined
        : { kind, step, base, rearm_percent };
    }
    case "volume_above":
    case "volume_below":
    case "cap_above":
    case "cap_below": {
      const value = readPrice(part.value);
      const side = kind === "volume_above" || kind === "cap_above" ? "above" : "below";
      const figure = kind === "volume_above" || kind === "volume_below" ? "volume" : "market_cap";
      return value === undefined ? undefined : { kind: figure, side, value, rearm_percent };
    }
    case "change_above":
    case "change_below": {
      const percent = readSigned(part.percent);
      const side = kind === "change_above" ? "above" : "below";
      return percent === undefined
        ? undefined
        : { kind: "change_24h", side, percent, rearm_points: rearm_percent };
    }
    case "stale":
      return { kind, after_s: window_s };
  }
}

/** A figure that may be below zero. */
function readSigned(text: string): string | undefined {
  const size = readPrice(unsigned(text));
  if (size === undefined) return undefined;
  return /^\s*[-\u2212]/.test(text) ? `-${size}` : size;
}

function unsigned(text: string): string {
  return text.replace(/^\s*[-+\u2212]/, "");
}

function ofCondition(condition: ConditionForm): Partial<Part> {
  const part = figuresOf(condition);
  const given =
    "rearm_percent" in condition
      ? condition.rearm_percent
      : "rearm_points" in condition
        ? condition.rearm_points
        : null;
  const rearm = given ?? rearmOf(part.kind)?.usual;
  return rearm === undefined ? part : { ...part, rearm: amount(rearm) };
}

function figuresOf(condition: ConditionForm): Partial<Part> & { kind: Kind } {
  switch (condition.kind) {
    case "above":
    case "below":
    case "crosses":
      return { kind: condition.kind, price: amount(condition.price) };
    case "leaves_range":
    case "enters_range":
      return { kind: condition.kind, low: amount(condition.low), high: amount(condition.high) };
    case "moves":
      return {
        kind: ({ up: "rises", down: "falls", either: "moves" } as const)[condition.direction],
        percent: amount(condition.percent),
        window: condition.window_s,
      };
    case "trailing":
      return {
        kind: condition.side === "falls" ? "trail_falls" : "trail_rises",
        percent: amount(condition.percent),
      };
    case "new_extreme":
      return {
        kind: ({ high: "new_high", low: "new_low", either: "new_extreme" } as const)[
          condition.extreme
        ],
        window: condition.window_s,
      };
    case "step":
      return { kind: "step", step: amount(condition.step), base: amount(condition.base ?? "0") };
    case "volume":
      return {
        kind: condition.side === "above" ? "volume_above" : "volume_below",
        value: amount(condition.value),
      };
    case "market_cap":
      return {
        kind: condition.side === "above" ? "cap_above" : "cap_below",
        value: amount(condition.value),
      };
    case "change_24h":
      return {
        kind: condition.side === "above" ? "change_above" : "change_below",
        percent: amount(condition.percent),
      };
    case "stale":
      return { kind: "stale", window: condition.after_s };
    case "all":
      // Its two stand in the draft by themselves; there is none within another.
      return { kind: "above" };
  }
}

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
  "change_above",
  "change_below",
  "leaves_range",
  "enters_range",
] as const;

export type Kind = (typeof KINDS)[number];

/** What stands in the editor; figures as typed. */
export interface Draft {
  symbol: string;
  kind: Kind;
  price: string;
  low: string;
  high: string;
  percent: string;
  window: number;
  /** Re-arm distance: percent, or points for a 24 h change. */
  rearm: string;
  repeat: RuleForm["repeat"];
  cooldown: number;
  expires: number | undefined;
}

export const REARM = "0.1";
export const REARM_POINTS = "0.25";
export const WINDOWS = [60, 300, 900, 1800, 3600, 14_400, 86_400] as const;
export const COOLDOWNS = [0, 60, 300, 900, 3600, 14_400, 86_400] as const;
export const REARMS = ["0", "0.1", "0.25", "0.5", "1", "2"] as const;

export function isThreshold(kind: Kind): boolean {
  return kind === "above" || kind === "below" || kind === "crosses";
}

export function isRange(kind: Kind): boolean {
  return kind === "leaves_range" || kind === "enters_range";
}

export function isMove(kind: Kind): boolean {
  return kind === "moves" || kind === "rises" || kind === "falls";
}

export function isChange(kind: Kind): boolean {
  return kind === "change_above" || kind === "change_below";
}

export function draftOf(form: Partial<RuleForm>, symbol: string): Draft {
  const draft: Draft = {
    symbol: form.symbol ?? symbol,
    kind: "above",
    price: "",
    low: "",
    high: "",
    percent: "2",
    window: 900,
    rearm: REARM,
    repeat: form.repeat ?? "once",
    cooldown: form.cooldown_s ?? 300,
    expires: form.expires_at ?? undefined,
  };
  return form.condition ? { ...draft, ...ofCondition(form.condition) } : draft;
}

/** The rule that the draft says; undefined while a figure is missing or is none. */
export function formOf(draft: Draft): RuleForm | undefined {
  const condition = conditionOf(draft);
  if (!condition || draft.symbol === "") return undefined;
  return {
    symbol: draft.symbol,
    condition,
    repeat: draft.repeat,
    cooldown_s: draft.cooldown,
    expires_at: draft.expires ?? null,
  };
}

/** The figure that cannot be read, as typed. */
export function unreadable(draft: Draft): string | undefined {
  const figures = isRange(draft.kind)
    ? [draft.low, draft.high]
    : [isThreshold(draft.kind) ? draft.price : unsigned(draft.percent)];
  return figures.find((figure) => figure.trim() !== "" && readPrice(figure) === undefined);
}

function conditionOf(draft: Draft): ConditionForm | undefined {
  const { kind } = draft;
  const rearm_percent = draft.rearm;
  switch (kind) {
    case "above":
    case "below":
    case "crosses": {
      const price = readPrice(draft.price);
      return price === undefined ? undefined : { kind, price, rearm_percent };
    }
    case "leaves_range":
    case "enters_range": {
      const low = readPrice(draft.low);
      const high = readPrice(draft.high);
      return low === undefined || high === undefined
        ? undefined
        : { kind, low, high, rearm_percent };
    }
    case "moves":
    case "rises":
    case "falls": {
      const percent = readPrice(draft.percent);
      const direction = kind === "rises" ? "up" : kind === "falls" ? "down" : "either";
      return percent === undefined
        ? undefined
        : { kind: "moves", percent, window_s: draft.window, direction };
    }
    case "change_above":
    case "change_below": {
      const size = readPrice(unsigned(draft.percent));
      const side = kind === "change_above" ? "above" : "below";
      const sign = /^\s*[-\u2212]/.test(draft.percent) ? "-" : "";
      return size === undefined
        ? undefined
        : { kind: "change_24h", side, percent: sign + size, rearm_points: draft.rearm };
    }
  }
}

function unsigned(text: string): string {
  return text.replace(/^\s*[-+\u2212]/, "");
}

function ofCondition(condition: ConditionForm): Partial<Draft> {
  switch (condition.kind) {
    case "above":
    case "below":
    case "crosses":
      return {
        kind: condition.kind,
        price: amount(condition.price),
        rearm: condition.rearm_percent ?? REARM,
      };
    case "leaves_range":
    case "enters_range":
      return {
        kind: condition.kind,
        low: amount(condition.low),
        high: amount(condition.high),
        rearm: condition.rearm_percent ?? REARM,
      };
    case "moves":
      return {
        kind:
          condition.direction === "up"
            ? "rises"
            : condition.direction === "down"
              ? "falls"
              : "moves",
        percent: amount(condition.percent),
        window: condition.window_s,
      };
    case "change_24h":
      return {
        kind: condition.side === "above" ? "change_above" : "change_below",
        percent: amount(condition.percent),
        rearm: condition.rearm_points ?? REARM_POINTS,
      };
  }
}

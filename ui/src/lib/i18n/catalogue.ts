import type { ErrorCode } from "../bindings";
import type { en } from "./en";

/** A sentence by the plural class of `count`; `other` is for every class that has none of its own. */
export type Forms = Readonly<{ other: string } & Partial<Record<Intl.LDMLPluralRule, string>>>;
/** A sentence, or its forms by the plural class of `count`. */
export type Message = string | Forms;
export type Key = keyof typeof en;
export type Catalogue = Readonly<Record<Key, Message>>;

/** Every text of the English catalogue in another language. What has forms there has forms here. */
export type Translation = {
  readonly [K in Key]: (typeof en)[K] extends string ? string : Forms;
};

/** Sentences of the engine, which speaks English, in another language. See `engine.ts`. */
export type EngineWords = Readonly<Record<string, string>>;
/** What kind of failure it is, before a `{message}` that has no words in a language. */
export type FailureWords = Readonly<Partial<Record<ErrorCode, string>>>;

type Holes<S> = S extends `${string}{${infer Name}}${infer Rest}` ? Name | Holes<Rest> : never;
type HolesOf<M> = M extends string
  ? Holes<M>
  : M extends { one: infer One; other: infer Other }
    ? Holes<One> | Holes<Other> | "count"
    : never;
type Values<K extends Key> = { [Hole in HolesOf<(typeof en)[K]>]: string | number };
/** What a text is filled with: nothing for one without holes. */
export type Rest<K extends Key> = [HolesOf<(typeof en)[K]>] extends [never]
  ? []
  : [values: Values<K>];

/** Fills the holes of a pattern; a hole without a value stays. */
export function fill(
  pattern: string,
  values: Readonly<Record<string, string | number>>,
  write: (value: number) => string,
  direction: "ltr" | "rtl" = "ltr",
): string {
  return pattern.replace(/\{(\w+)\}/g, (hole, name: string) => {
    const value = values[name];
    if (value === undefined) return hole;
    return typeof value === "number" ? write(value) : isolated(value, direction);
  });
}

/** Scripts that run from right to left, and characters that change the direction by themselves. */
const TURNS =
  /[\u0590-\u08ff\u202a-\u202e\u2066-\u2069\ufb1d-\ufdff\ufe70-\ufefc]|[\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;
const EMBEDDINGS = /[\u202a-\u202e]/g;
const ISOLATES = /[\u2066-\u2069]/g;

/**
 * What somebody wrote keeps its own direction, and leaves that of the sentence alone: in isolates
 * where it runs the other way, without characters that would reach beyond them.
 */
function isolated(value: string, direction: "ltr" | "rtl"): string {
  if (direction === "ltr" && !TURNS.test(value)) return value;
  const safe = value.replace(EMBEDDINGS, "");
  return `\u2068${closed(safe) ? safe : safe.replace(ISOLATES, "")}\u2069`;
}

/** Whether isolates end in the text in which they begin: those of a sentence within a sentence. */
function closed(text: string): boolean {
  let depth = 0;
  for (const [mark] of text.matchAll(ISOLATES)) {
    depth += mark === "\u2069" ? -1 : 1;
    if (depth < 0) return false;
  }
  return depth === 0;
}

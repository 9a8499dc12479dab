import type { Placeholder } from "../bindings";

const NAMES = {
  symbol: true,
  price: true,
  threshold: true,
  condition: true,
  move: true,
  change24h: true,
  volume: true,
  market_cap: true,
  time: true,
  tags: true,
  details: true,
} as const satisfies Record<Placeholder, true>;

/** Everything that can be filled into a text, in the order in which it is offered. */
export const PLACEHOLDERS = Object.keys(NAMES) as readonly Placeholder[];

/** What other programs call the values; they write the names in two braces. */
const ELSEWHERE: ReadonlyMap<string, Placeholder> = new Map([
  ["ticker", "symbol"],
  ["close", "price"],
  ["last", "price"],
  ["timenow", "time"],
  ["change", "change24h"],
  ["percent_change", "change24h"],
  ["marketcap", "market_cap"],
]);

export interface Foreign {
  /** As it stands in the text: `{{close}}`. */
  written: string;
  /** The value here that says the same. */
  nearest: Placeholder | undefined;
}

/** The first name in two braces, which elsewhere is filled in and here fills in nothing. */
export function foreignIn(text: string): Foreign | undefined {
  const found = /\{\{\s*([\w.]+)\s*\}\}/.exec(text);
  if (!found) return undefined;
  const [written, name = ""] = found;
  const folded = name.toLowerCase();
  const own = PLACEHOLDERS.find((placeholder) => placeholder === folded);
  return { written, nearest: own ?? ELSEWHERE.get(folded) };
}

/** A text with a placeholder in the place of what is chosen in it, and where one goes on writing. */
export function inserted(
  text: string,
  from: number,
  to: number,
  placeholder: Placeholder,
): { text: string; caret: number } {
  const word = `{${placeholder}}`;
  return { text: text.slice(0, from) + word + text.slice(to), caret: from + word.length };
}

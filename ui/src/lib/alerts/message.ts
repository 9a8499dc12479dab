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

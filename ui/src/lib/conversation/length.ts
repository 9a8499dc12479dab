/** Characters (Unicode scalar values) that a message may have; the engine refuses more. */
export const MAX_CHARACTERS = 20_000;
/** From here on the composer says how many are left. */
const NEAR = 1000;

/** Characters left, once that matters; undefined before. Negative: too many. */
export function charactersLeft(text: string): number | undefined {
  // A character takes one or two units, so a short text is short without counting.
  if (text.length < MAX_CHARACTERS - NEAR) return undefined;
  let count = 0;
  for (const _ of text) count += 1;
  const left = MAX_CHARACTERS - count;
  return left <= NEAR ? left : undefined;
}

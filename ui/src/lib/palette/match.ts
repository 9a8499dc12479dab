/** A text in pieces, those that matched marked. */
export interface MatchPart {
  text: string;
  hit: boolean;
}

export interface Match {
  /** Lower is better. */
  rank: number;
  parts: MatchPart[];
}

/** The rank of letters in order, with others between them. */
export const SCATTERED = 3;

/**
 * Finds the query in a text: at its start, at the start of a word, anywhere, or as letters in
 * order. Case and accents do not count.
 */
export function match(text: string, query: string): Match | undefined {
  const wanted = fold(query.trim());
  if (wanted === "") return { rank: 0, parts: [{ text, hit: false }] };
  const units = [...text];
  const folded = units.map(fold);
  const joined = folded.join("");
  const at = joined.indexOf(wanted);
  if (at >= 0) {
    // Folding may lengthen a letter ("ß"), so positions are found by walking.
    const start = unitAt(folded, at);
    const end = unitAt(folded, at + wanted.length - 1) + 1;
    const rank = at === 0 ? 0 : /[\s._/-]/.test(joined[at - 1] ?? "") ? 1 : 2;
    return { rank, parts: cut(units, (index) => index >= start && index < end) };
  }
  const hits = new Set<number>();
  let next = 0;
  for (const [index, unit] of folded.entries()) {
    if (next < wanted.length && unit === wanted[next]) {
      hits.add(index);
      next += 1;
    }
  }
  // Scattered letters count only where the query is long enough to mean them.
  if (next < wanted.length || wanted.length < 3) return undefined;
  return { rank: SCATTERED, parts: cut(units, (index) => hits.has(index)) };
}

function fold(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLocaleLowerCase();
}

function unitAt(folded: readonly string[], position: number): number {
  let sum = 0;
  for (const [index, unit] of folded.entries()) {
    sum += unit.length;
    if (position < sum) return index;
  }
  return folded.length - 1;
}

function cut(units: readonly string[], isHit: (index: number) => boolean): MatchPart[] {
  const parts: MatchPart[] = [];
  for (const [index, unit] of units.entries()) {
    const hit = isHit(index);
    const last = parts.at(-1);
    if (last && last.hit === hit) last.text += unit;
    else parts.push({ text: unit, hit });
  }
  return parts;
}

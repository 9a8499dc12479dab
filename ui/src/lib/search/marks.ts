import type { SearchHit, SnippetPart } from "../bindings";
import { placesOf } from "../conversation/find";

/** The words of a hit as they are written there. */
export function foundIn({ parts }: SearchHit): string[] {
  const words = parts.filter(({ hit }) => hit).map(({ text }) => text.toLocaleLowerCase());
  return [...new Set(words)];
}

/** A text in parts, those of them marked that are one of the words. */
export function marked(text: string, words: readonly string[]): SnippetPart[] {
  const places = placesOf(text, words).sort(([a], [b]) => a - b);
  const parts: SnippetPart[] = [];
  const add = (from: number, to: number, hit: boolean) => {
    if (from < to) parts.push({ text: text.slice(from, to), hit });
  };
  let at = 0;
  for (const [start, end] of places) {
    add(at, start, false);
    add(Math.max(at, start), end, true);
    at = Math.max(at, end);
  }
  add(at, text.length, false);
  return parts;
}

import type { EngineWords } from "./catalogue";

interface Pattern {
  readonly form: RegExp;
  readonly holes: readonly string[];
  readonly words: string;
}

/**
 * A sentence of the engine in another language. What holes hold is looked up as well: reasons stand
 * in sentences. What nobody has put into words yet stays as the engine said it.
 */
export function translate(text: string, words: EngineWords): string {
  const exact = Object.hasOwn(words, text) ? words[text] : undefined;
  if (exact !== undefined) return exact;
  for (const { form, holes, words: said } of patternsOf(words)) {
    const match = form.exec(text);
    if (!match) continue;
    const values = holes.map((hole, at) => ({ hole, text: translate(match[at + 1] ?? "", words) }));
    return said.replace(HOLE, (hole) => {
      const at = values.findIndex((value) => value.hole === hole);
      return at < 0 ? hole : (values.splice(at, 1)[0]?.text ?? hole);
    });
  }
  return text;
}

const HOLE = /\{\w*\}/g;
const known = new WeakMap<EngineWords, readonly Pattern[]>();

/** The sentences with holes; those with the most words first, for they say more. */
function patternsOf(words: EngineWords): readonly Pattern[] {
  const made = known.get(words);
  if (made) return made;
  const patterns = Object.keys(words)
    .filter((key) => key.search(HOLE) >= 0)
    .sort((a, b) => bare(b) - bare(a))
    .map((key) => ({
      form: new RegExp(`^${key.split(HOLE).map(escaped).join("([\\s\\S]+?)")}$`),
      holes: key.match(HOLE) ?? [],
      words: words[key] ?? key,
    }));
  known.set(words, patterns);
  return patterns;
}

function bare(pattern: string): number {
  return pattern.replace(HOLE, "").length;
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Plugin, runnerImport } from "vite";

type Texts = Record<string, unknown>;

/** Where the sources of the page are. */
const SOURCES = join(import.meta.dirname, "../src");
const ENGLISH = join(SOURCES, "lib/i18n/en.ts");
const TRANSLATION = /\/i18n\/de\.ts$/;
/** A string that may be a key, with its quotes. */
const QUOTED = /(["'`])([a-zA-Z]+(?:\.\w+)+)\1/g;
/** A template of which a key may be made: words and dots around its holes. */
const TEMPLATE = /`((?:[\w.]|\$\{[^}`]*\})*)`/g;

/**
 * The keys that some template of the sources makes: they are only known when it runs. A hole holds
 * one word of a key; one that no text of the sources is exactly, is taken for made as well.
 */
export function madeByTemplates(keys: readonly string[], sources: readonly string[]): Set<string> {
  const texts = new Set(
    sources.flatMap((source) => [...source.matchAll(QUOTED)].map(([, , text]) => text)),
  );
  const forms = sources
    .flatMap((source) => [...source.matchAll(TEMPLATE)])
    .map(([, text = ""]) => text.split(/\$\{[^}]*\}/))
    .filter((parts) => parts.length > 1 && /\w\.|\.\w/.test(parts.join(" ")))
    .map(
      (parts) => new RegExp(`^${parts.map((part) => part.replaceAll(".", "\\.")).join("[^.]+")}$`),
    );
  return new Set(keys.filter((key) => !texts.has(key) || forms.some((form) => form.test(key))));
}

/** Puts places for keys wherever a text of the program is exactly one that has a place. */
export function placed(code: string, places: ReadonlyMap<string, number>): string {
  return code.replace(QUOTED, (quoted, _quote, key: string) => {
    const place = places.get(key);
    return place === undefined ? quoted : `"${place}"`;
  });
}

/**
 * Ships the catalogues without most of their keys: a text goes by its place in a list, in each
 * language the same, and so it does wherever it is asked for. Only keys that templates make stay.
 */
export function catalogues(): Plugin {
  let english: Texts = {};
  let named: string[] = [];
  const places = new Map<string, number>();
  /** A catalogue as the page has it. Those that are named come last, as in `Object.keys`. */
  const shipped = (texts: Texts) => {
    const list = [...places.keys()].map((key) => texts[key]);
    const rest = Object.fromEntries(named.map((key) => [key, texts[key]]));
    return { list, rest };
  };
  return {
    name: "catalogues",
    apply: "build",
    enforce: "post",
    async buildStart() {
      english = await exported(ENGLISH, "en");
      const keys = Object.keys(english);
      const made = madeByTemplates(keys, sources());
      named = keys.filter((key) => made.has(key));
      places.clear();
      for (const key of keys) if (!made.has(key)) places.set(key, places.size);
    },
    async load(id) {
      if (id === ENGLISH) {
        const { list, rest } = shipped(english);
        return `export const en = Object.assign(${JSON.stringify(list)}, ${JSON.stringify(rest)});`;
      }
      if (!TRANSLATION.test(id)) return null;
      this.addWatchFile(ENGLISH);
      const { list, rest } = shipped(await exported(id, "default"));
      const texts = JSON.stringify([...list, ...Object.values(rest)]);
      return `import { en as english } from "./en";
const texts = ${texts};
export default Object.fromEntries(Object.keys(english).map((key, at) => [key, texts[at]]));`;
    },
    transform(code, id) {
      const [file = id] = id.split("?");
      if (!file.startsWith(SOURCES) || file.startsWith(join(SOURCES, "lib/i18n/"))) return null;
      return { code: placed(code, places), map: null };
    },
  };
}

async function exported(file: string, name: string): Promise<Texts> {
  return (await runnerImport<Record<string, Texts>>(file)).module[name] ?? {};
}

/** All that may ask for a text. */
function sources(): string[] {
  return readdirSync(SOURCES, { recursive: true, encoding: "utf8" })
    .filter((path) => /\.(ts|svelte)$/.test(path) && !path.includes("i18n"))
    .map((path) => readFileSync(join(SOURCES, path), "utf8"));
}

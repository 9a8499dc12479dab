/** Coarse colours for code: comments, strings, numbers, keywords and calls. */
export type Colour = "key" | "str" | "fn" | "num" | "com";
export interface Piece {
  text: string;
  colour: Colour | undefined;
}

const C_LIKE =
  "abstract as async await bool break case catch char class const continue crate default delete do double else enum export extends extern false final finally float fn for from func function go if impl implements import in instanceof int interface let long loop match mod move mut namespace new nil null of package private protected pub public ref return self static struct super switch this throw trait true try type typeof undefined union unsafe use var void where while with yield";
const PYTHON =
  "and as assert async await break class continue def del elif else except False finally for from global if import in is lambda None nonlocal not or pass raise return self True try while with yield";
const SQL =
  "add all alter and as asc begin between by cascade case check column commit concurrently conflict constraint create default delete desc distinct do drop else end exists false foreign from full function grant group having if in index inner insert into is join key language left like limit not null nulls offset on only or order outer policy primary references returning returns right rollback row security select set table then to trigger true union unique update using values view when where with";
const SHELL =
  "case do done echo elif else esac exit export fi for function if in local return set then until while";

interface Language {
  words: ReadonlySet<string>;
  comment: string;
  fold: boolean;
}

const words = (list: string) => new Set(list.split(" "));
const cLike: Language = {
  words: words(C_LIKE),
  comment: "\\/\\/.*|\\/\\*[^]*?\\*\\/",
  fold: false,
};
const python: Language = { words: words(PYTHON), comment: "#.*", fold: false };
const sql: Language = { words: words(SQL), comment: "--.*|\\/\\*[^]*?\\*\\/", fold: true };
const shell: Language = { words: words(SHELL), comment: "(?<![^\\s])#.*", fold: false };
const json: Language = { words: words("true false null"), comment: "(?!)", fold: false };

const LANGUAGES: Record<string, Language> = {
  js: cLike,
  javascript: cLike,
  jsx: cLike,
  ts: cLike,
  typescript: cLike,
  tsx: cLike,
  rust: cLike,
  rs: cLike,
  go: cLike,
  c: cLike,
  cpp: cLike,
  java: cLike,
  kotlin: cLike,
  swift: cLike,
  csharp: cLike,
  cs: cLike,
  svelte: cLike,
  css: cLike,
  py: python,
  python,
  toml: python,
  yaml: python,
  yml: python,
  rb: python,
  ruby: python,
  sql,
  postgres: sql,
  postgresql: sql,
  plpgsql: sql,
  sh: shell,
  bash: shell,
  shell,
  zsh: shell,
  json,
  jsonc: json,
};

/** Beyond this the colours are not worth their time. */
const LONGEST = 20_000;

/** Cuts code into coloured pieces; put together they are the code again. */
export function highlight(code: string, name: string): Piece[] {
  const known = name.toLowerCase();
  // A fence may be named like what every object has.
  const language = Object.hasOwn(LANGUAGES, known) ? LANGUAGES[known] : undefined;
  if (!language || code.length > LONGEST) return [{ text: code, colour: undefined }];
  const token = new RegExp(
    `(?<com>${language.comment})` +
      "|(?<str>\"(?:[^\"\\\\\\n]|\\\\.)*\"|'(?:[^'\\\\\\n]|\\\\.)*'|`(?:[^`\\\\]|\\\\.)*`)" +
      "|(?<num>\\b\\d[\\d_]*(?:\\.\\d+)?\\b)" +
      "|(?<word>[A-Za-z_][\\w]*)(?<call>(?=\\())?",
    "g",
  );
  const pieces: Piece[] = [];
  let from = 0;
  for (const match of code.matchAll(token)) {
    const colour = colourOf(match.groups ?? {}, language);
    if (colour === undefined) continue;
    if (match.index > from) pieces.push({ text: code.slice(from, match.index), colour: undefined });
    pieces.push({ text: match[0], colour });
    from = match.index + match[0].length;
  }
  if (from < code.length) pieces.push({ text: code.slice(from), colour: undefined });
  return pieces;
}

function colourOf(groups: Record<string, string | undefined>, language: Language) {
  if (groups.com !== undefined) return "com";
  if (groups.str !== undefined) return "str";
  if (groups.num !== undefined) return "num";
  const word = groups.word ?? "";
  if (language.words.has(language.fold ? word.toLowerCase() : word)) return "key";
  return groups.call === undefined ? undefined : "fn";
}

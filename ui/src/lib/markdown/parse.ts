import { Lexer, type Token, type Tokens } from "marked";

/**
 * Markdown as a closed set of nodes. Whatever is not in the set (HTML above all) becomes text, and
 * the components draw nodes with elements of their own: no markup of a message is ever parsed as
 * HTML.
 */
export type Inline =
  | { kind: "text"; text: string }
  | { kind: "code"; text: string }
  | { kind: "strong" | "em" | "del"; children: Inline[] }
  | { kind: "link"; href: string; children: Inline[] }
  | { kind: "break" };

export interface Cell {
  align: "start" | "center" | "end";
  children: Inline[];
}

export type Block =
  | { kind: "paragraph"; children: Inline[] }
  | { kind: "heading"; level: number; children: Inline[] }
  | { kind: "code"; language: string; text: string }
  | { kind: "quote"; children: Block[] }
  | { kind: "list"; ordered: boolean; start: number; items: Item[] }
  | { kind: "table"; head: Cell[]; rows: Cell[][] }
  | { kind: "rule" };

export interface Item {
  /** A task's mark, where the item is one. */
  done: boolean | undefined;
  children: Block[];
}

/** Longer texts are shown as they are: nobody reads them as a page. */
const LONGEST = 100_000;
/** Deeper nesting is cut to text; no real message comes near. */
const DEEPEST = 16;

export function parseMarkdown(source: string): Block[] {
  if (source.length > LONGEST) {
    return [{ kind: "paragraph", children: [{ kind: "text", text: source }] }];
  }
  const tokens = new Lexer({ gfm: true, breaks: true }).lex(source);
  return blocks(tokens, 0);
}

/**
 * The address if it may be opened: web and mail alone, absolute, and without a name or password: what
 * stands before an @ reads as the host.
 */
export function safeHref(href: string): string | undefined {
  const text = href.trim();
  if (!/^(https?:\/\/|mailto:)[^\s]+$/i.test(text)) return undefined;
  try {
    const url = new URL(text);
    if (url.username !== "" || url.password !== "") return undefined;
    return ["http:", "https:", "mailto:"].includes(url.protocol) ? url.href : undefined;
  } catch {
    return undefined;
  }
}

/** Plain text with its web addresses as links. */
export function parsePlain(source: string): Inline[] {
  const nodes: Inline[] = [];
  let from = 0;
  for (const match of source.matchAll(/https?:\/\/[^\s<>"“”]+/g)) {
    const address = trimAddress(match[0]);
    const href = safeHref(address);
    if (href === undefined) continue;
    if (match.index > from) nodes.push({ kind: "text", text: source.slice(from, match.index) });
    nodes.push({ kind: "link", href, children: [{ kind: "text", text: address }] });
    from = match.index + address.length;
  }
  if (from < source.length) nodes.push({ kind: "text", text: source.slice(from) });
  return nodes;
}

/** The punctuation of a sentence is not part of an address at its end. */
function trimAddress(address: string): string {
  let end = address.replace(/[.,;:!?'"’”»*_~]+$/, "");
  while (end.endsWith(")") && !balanced(end)) end = end.slice(0, -1);
  return end;
}

function balanced(text: string): boolean {
  return text.split("(").length >= text.split(")").length;
}

function blocks(tokens: readonly Token[], depth: number): Block[] {
  return tokens.flatMap((token) => block(token, depth));
}

function block(token: Token, depth: number): Block[] {
  if (depth > DEEPEST) return [textBlock(token.raw)];
  switch (token.type) {
    case "space":
    case "def":
      return [];
    case "paragraph":
    case "text":
      return [{ kind: "paragraph", children: inlines(childrenOf(token), depth + 1) }];
    case "heading": {
      const heading = token as Tokens.Heading;
      return [
        { kind: "heading", level: heading.depth, children: inlines(heading.tokens, depth + 1) },
      ];
    }
    case "code": {
      const code = token as Tokens.Code;
      const language = (code.lang ?? "").split(/\s/)[0]?.slice(0, 24) ?? "";
      return [{ kind: "code", language, text: code.text }];
    }
    case "blockquote":
      return [{ kind: "quote", children: blocks(childrenOf(token), depth + 1) }];
    case "list": {
      const list = token as Tokens.List;
      return [
        {
          kind: "list",
          ordered: list.ordered,
          start: list.start === "" ? 1 : list.start,
          items: list.items.map((item) => ({
            done: item.task ? item.checked === true : undefined,
            children: blocks(
              item.tokens.filter((each) => each.type !== "checkbox"),
              depth + 1,
            ),
          })),
        },
      ];
    }
    case "table": {
      const table = token as Tokens.Table;
      const cell = (each: Tokens.TableCell): Cell => ({
        align: each.align === "right" ? "end" : each.align === "center" ? "center" : "start",
        children: inlines(each.tokens, depth + 1),
      });
      return [
        {
          kind: "table",
          head: table.header.map(cell),
          rows: table.rows.map((row) => row.map(cell)),
        },
      ];
    }
    case "hr":
      return [{ kind: "rule" }];
    default:
      return token.raw.trim() === "" ? [] : [textBlock(token.raw)];
  }
}

function textBlock(text: string): Block {
  return { kind: "paragraph", children: [{ kind: "text", text: text.trimEnd() }] };
}

function inlines(tokens: readonly Token[], depth: number): Inline[] {
  return tokens.flatMap((token) => inline(token, depth));
}

function inline(token: Token, depth: number): Inline[] {
  if (depth > DEEPEST) return [{ kind: "text", text: token.raw }];
  switch (token.type) {
    case "text": {
      const nested = childrenOf(token);
      return nested.length > 0
        ? inlines(nested, depth + 1)
        : [{ kind: "text", text: unescapeEntities((token as Tokens.Text).text) }];
    }
    case "escape":
      return [{ kind: "text", text: (token as Tokens.Escape).text }];
    case "strong":
    case "em":
    case "del":
      return [{ kind: token.type, children: inlines(childrenOf(token), depth + 1) }];
    case "codespan":
      return [{ kind: "code", text: (token as Tokens.Codespan).text }];
    case "br":
      return [{ kind: "break" }];
    case "link": {
      const link = token as Tokens.Link;
      const href = safeHref(link.href);
      const children = inlines(link.tokens, depth + 1);
      return href === undefined ? children : [{ kind: "link", href, children }];
    }
    case "image": {
      // Nothing remote is loaded: a picture is a link to it.
      const image = token as Tokens.Image;
      const href = safeHref(image.href);
      const text = image.text === "" ? image.href : image.text;
      return href === undefined
        ? [{ kind: "text", text }]
        : [{ kind: "link", href, children: [{ kind: "text", text }] }];
    }
    default:
      return [{ kind: "text", text: token.raw }];
  }
}

function childrenOf(token: Token): Token[] {
  return "tokens" in token && token.tokens ? token.tokens : [];
}

const ENTITIES: Record<string, string> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  "#39": "'",
  nbsp: "\u00a0",
};

function unescapeEntities(text: string): string {
  return text.replace(/&(amp|lt|gt|quot|#39|nbsp);/g, (_, name: string) => ENTITIES[name] ?? "");
}

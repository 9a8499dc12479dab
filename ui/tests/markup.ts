/** What tests ask of components. */

/** Attributes that somebody reads or hears, of elements and components. */
const READ =
  /^(aria-(label|description|roledescription|valuetext)|alt|title|placeholder|label|text|hint|name|unreadable|data-tip)$/;
/** `name` of these is no text: of an icon, a banner, a control. */
const NAMED_WITHIN = new Set(["Icon", "Banner", "input", "button", "meta"]);

interface Node {
  readonly type: string;
  readonly name?: string;
  readonly data?: string;
  readonly value?: unknown;
  readonly [field: string]: unknown;
}

/** The words that a component says by itself: in its text, in attributes, in its expressions. */
export function wordsIn(fragment: unknown): string[] {
  const found: string[] = [];
  const say = (text: string) => {
    if (/\p{L}{2,}/u.test(text)) found.push(text.trim());
  };
  /** Expressions: literals that are shown as they are, not those handed to a function. */
  const shown = (node: Node | undefined): void => {
    if (!node) return;
    if (node.type === "Literal" && typeof node.value === "string") say(node.value);
    if (node.type === "TemplateLiteral") {
      for (const quasi of node.quasis as { value: { cooked: string } }[]) say(quasi.value.cooked);
    }
    if (node.type === "ConditionalExpression") {
      shown(node.consequent as Node);
      shown(node.alternate as Node);
    }
    if (node.type === "LogicalExpression") shown(node.right as Node);
    if (node.type === "BinaryExpression" && node.operator === "+") {
      shown(node.left as Node);
      shown(node.right as Node);
    }
  };
  const attribute = (node: Node, owner: string) => {
    const name = node.name ?? "";
    if (!READ.test(name) || (name === "name" && NAMED_WITHIN.has(owner))) return;
    for (const part of [node.value].flat() as (Node | true)[]) {
      if (part === true) continue;
      if (part.type === "Text") say(part.data ?? "");
      else shown(part.expression as Node);
    }
  };
  const walk = (value: unknown, owner: string): void => {
    if (Array.isArray(value)) {
      for (const each of value) walk(each, owner);
      return;
    }
    if (typeof value !== "object" || value === null) return;
    const node = value as Node;
    if (node.type === "Text") say(node.data ?? "");
    else if (node.type === "ExpressionTag") shown(node.expression as Node);
    else if (node.type === "Attribute") attribute(node, owner);
    else if (node.type !== "StyleDirective") {
      const name = typeof node.name === "string" ? node.name : owner;
      for (const [field, each] of Object.entries(node)) {
        if (!["expression", "test", "context", "key", "loc"].includes(field)) walk(each, name);
      }
    }
  };
  walk(fragment, "");
  return found;
}

/** Declarations that name a side which is another one where lines run to the left. */
export function physical(style: string): string[] {
  return [...style.matchAll(/(?:^|[{;])\s*([\w-]+)\s*:\s*([^;{}]+)/g)].flatMap(
    ([, property = "", value = ""]) => {
      const sides = value.trim().match(/(?:[^\s()]|\([^()]*(?:\([^()]*\)[^()]*)*\))+/g) ?? [];
      const named =
        /(^|-)(left|right)($|-)/.test(property) ||
        (/^(text-align|float|clear|caption-side)$/.test(property) && /left|right/.test(value)) ||
        (/^(padding|margin|inset|border-(width|color|style))$/.test(property) &&
          sides.length === 4 &&
          sides[1] !== sides[3]) ||
        (/^(transform|translate)$/.test(property) &&
          /translate(X|3d)?\((?!-?0)/.test(value) &&
          !value.includes("--inline"));
      return named ? [`${property}: ${value.trim()}`] : [];
    },
  );
}

import { render } from "@testing-library/svelte";
import { describe, expect, it } from "vitest";
import Blocks from "../src/lib/markdown/Blocks.svelte";
import CodeBlock from "../src/lib/markdown/CodeBlock.svelte";
import { highlight } from "../src/lib/markdown/highlight";
import { otherPlace } from "../src/lib/markdown/host";
import Inlines from "../src/lib/markdown/Inlines.svelte";
import { parseMarkdown, parsePlain, safeHref } from "../src/lib/markdown/parse";

const draw = (source: string) => render(Blocks, { blocks: parseMarkdown(source) }).container;
const plain = (source: string) => render(Inlines, { nodes: parsePlain(source) }).container;

/** Markup that runs something where it is taken as HTML. */
const ATTACKS = [
  "<script>alert(1)</script>",
  "<img src=x onerror=alert(1)>",
  "<svg onload=alert(1)>",
  "<svg><script>alert(1)</script></svg>",
  "<iframe src=javascript:alert(1)></iframe>",
  "<a href=javascript:alert(1)>x</a>",
  "<body onload=alert(1)>",
  "<details open ontoggle=alert(1)>",
  "<input autofocus onfocus=alert(1)>",
  "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
  "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
  "<style>@import 'https://mallory.example/x.css';</style>",
  "<link rel=stylesheet href=https://mallory.example>",
  "<base href=https://mallory.example>",
  "<form action=https://mallory.example><button>go</button></form>",
  "<meta http-equiv=refresh content='0;url=https://mallory.example'>",
  "<object data=javascript:alert(1)>",
  "[x](javascript:alert(1))",
  "[x](JaVaScRiPt:alert(1))",
  "[x](java\nscript:alert(1))",
  "[x](&#106;avascript:alert(1))",
  "[x](&#x6A&#x61&#x76&#x61&#x73&#x63&#x72&#x69&#x70&#x74&#x3A;alert(1))",
  "[x](  javascript:alert(1))",
  "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
  "[x](vbscript:msgbox(1))",
  "[x](file:///etc/passwd)",
  "[x](//mallory.example)",
  "<javascript:alert(1)>",
  "[x][1]\n\n[1]: javascript:alert(1)",
  "![x](javascript:alert(1))",
  '![x](https://a.example" onerror="alert(1))',
  "![](https://mallory.example/pixel.gif)",
  '[x](https://a.example "onmouseover=alert(1)")',
  "`<script>alert(1)</script>`",
  "```html\n<script>alert(1)</script>\n```",
  '```"><script>alert(1)</script>\ncode\n```',
  "| <script>alert(1)</script> |\n| --- |\n| <img src=x onerror=alert(1)> |",
  "# <img src=x onerror=alert(1)>",
  "> <img src=x onerror=alert(1)>",
  "- [ ] <img src=x onerror=alert(1)>",
  "&lt;script&gt;alert(1)&lt;/script&gt;",
  "**<b onclick=alert(1)>x</b>**",
  "<!--><img src=x onerror=alert(1)>-->",
  "<![CDATA[<img src=x onerror=alert(1)>]]>",
  "<?xml version='1.0'?><img src=x onerror=alert(1)>",
];

const ALLOWED = new Set(
  "DIV P STRONG EM DEL CODE PRE SPAN BR A UL OL LI BLOCKQUOTE HR TABLE THEAD TBODY TR TH TD INPUT HEADER BUTTON SVG USE".split(
    " ",
  ),
);

describe("hostile markup", () => {
  it.each(ATTACKS)("%j becomes text or nothing", (attack) => {
    for (const container of [draw(attack), plain(attack), draw(`text ${attack} text`)]) {
      for (const element of container.querySelectorAll("*")) {
        expect(ALLOWED).toContain(element.tagName.toUpperCase());
        for (const { name, value } of element.attributes) {
          expect(name).not.toMatch(/^on|^style$|^src|^action$|^formaction$/i);
          if (name === "href") expect(value).toMatch(/^(https?:|mailto:|#i-)/);
        }
      }
    }
  });

  it("shows tags as they were written", () => {
    expect(draw("a <b>bold</b> word").textContent).toBe("a <b>bold</b> word");
    expect(draw("<script>alert(1)</script>").textContent).toContain("<script>");
  });

  it("nested without end is cut to text, quickly", () => {
    const deep = `${"> ".repeat(400)}deep`;
    expect(draw(deep).textContent).toContain("deep");
    expect(draw(`${"*a **b ".repeat(2000)}`).textContent).toContain("a");
    expect(draw("[".repeat(5000)).textContent).toHaveLength(5000);
  });

  it("of enormous size is shown as it is", () => {
    const blocks = parseMarkdown("# x\n".repeat(40_000));
    expect(blocks).toHaveLength(1);
  });
});

describe("markdown", () => {
  it("draws paragraphs, emphasis, code and breaks", () => {
    const container = draw("one **two** _three_ ~~four~~ `five`\nsix\n\nseven");
    expect(container.querySelectorAll("p")).toHaveLength(2);
    expect(container.querySelector("strong")?.textContent).toBe("two");
    expect(container.querySelector("em")?.textContent).toBe("three");
    expect(container.querySelector("del")?.textContent).toBe("four");
    expect(container.querySelector("code")?.textContent).toBe("five");
    expect(container.querySelectorAll("br")).toHaveLength(1);
    expect(container.querySelector("p")?.textContent).toBe("one two three four fivesix");
  });

  it("draws lists with their numbers, tasks and nesting", () => {
    const container = draw("3. c\n4. d\n   - e\n\n- [x] done\n- [ ] open");
    expect(container.querySelector("ol")?.getAttribute("start")).toBe("3");
    expect(container.querySelectorAll("ol ul li")).toHaveLength(1);
    const boxes = [...container.querySelectorAll("input")];
    expect(boxes.map((box) => box.checked)).toEqual([true, false]);
    expect(boxes.every((box) => box.disabled)).toBe(true);
  });

  it("draws tables with their alignment", () => {
    const container = draw("| a | b |\n| --- | ---: |\n| 1 | 2 |");
    expect(container.querySelectorAll("th")).toHaveLength(2);
    expect(container.querySelectorAll("td")[1]?.className).toContain("end");
  });

  it("draws code with its language", () => {
    const container = draw("```sql\nselect 1;\n```");
    expect(container.querySelector("header")?.textContent).toContain("sql");
    expect(container.querySelector("pre")?.textContent).toBe("select 1;");
  });

  it("keeps links that may be opened and drops the rest to text", () => {
    const link = draw("[site](https://a.example/?q=1&r=2)").querySelector("a");
    expect(link?.getAttribute("href")).toBe("https://a.example/?q=1&r=2");
    expect(link?.textContent).toBe("site");
    expect(draw("[x](javascript:1)").querySelector("a")).toBeNull();
    expect(draw("![chart](https://a.example/c.png)").querySelector("a")?.textContent).toBe("chart");
  });

  it("shows entities as the characters they stand for", () => {
    expect(draw("a &amp; b &lt;c&gt;").textContent).toBe("a & b <c>");
  });
});

describe("plain text", () => {
  it("keeps its words and finds its addresses", () => {
    const container = plain("see https://a.example/x(y)?z=1, or (https://b.example).\n<b>no</b>");
    expect(container.textContent).toBe(
      "see https://a.example/x(y)?z=1, or (https://b.example).\n<b>no</b>",
    );
    expect([...container.querySelectorAll("a")].map((link) => link.textContent)).toEqual([
      "https://a.example/x(y)?z=1",
      "https://b.example",
    ]);
  });
});

describe("addresses", () => {
  it.each([
    ["https://a.example", "https://a.example/"],
    ["mailto:alice@example.com", "mailto:alice@example.com"],
    ["javascript:alert(1)", undefined],
    ["https://a b", undefined],
    ["//a.example", undefined],
    ["https://", undefined],
    ["https://good.example@evil.example/", undefined],
    ["https://good.example%2f@evil.example/", undefined],
    ["https://:secret@evil.example/", undefined],
    ["", undefined],
  ])("%j may be opened as %s", (href, safe) => {
    expect(safeHref(href)).toBe(safe);
  });
});

describe("a link", () => {
  const place = (source: string) => {
    const link = draw(source).querySelector("a");
    return link?.querySelector("[data-testid=link-place]")?.textContent;
  };

  it.each([
    ["[https://good.example](https://evil.example/x)", "evil.example"],
    ["[good.example](https://evil.example)", "evil.example"],
    ["[Log in at **good.example** now](https://evil.example)", "evil.example"],
    ["[`good.example`](https://evil.example:8443)", "evil.example:8443"],
    ["[www.good.example](https://good.example.evil.example)", "good.example.evil.example"],
    ["[evil.example is not good.example](https://evil.example)", "evil.example"],
    ["![good.example/a.png](https://evil.example/a.png)", "evil.example"],
    ["[go\u200bod.exam\u00adple](https://evil.example)", "evil.example"],
    ["[good\u2024example](https://evil.example)", "evil.example"],
    ["[good.example](mailto:eve@evil.example)", "eve@evil.example"],
    ["[alice@good.example](mailto:eve@evil.example)", "eve@evil.example"],
    ["[alice@good.example](https://evil.example)", "evil.example"],
    ["[mailto:alice@good.example](https://evil.example)", "evil.example"],
    ["[https://good.example@evil.example/](https://evil.example/)", "evil.example"],
    [
      "[help@good.example](mailto:help@good.example?cc=eve@evil.example)",
      "help@good.example, eve@evil.example",
    ],
    // Cyrillic.
    ["[https://\u0430pple.example](https://\u0430pple.example)", "xn--pple-43d.example"],
  ])("%s says that it leads to %s", (source, expected) => {
    expect(place(source)).toBe(` (leads to ${expected})`);
  });

  it.each([
    "[site](https://a.example)",
    "[the figures of 3.5 and 2.](https://a.example)",
    "[a.example](https://www.a.example/x)",
    "[WWW.A.example/x?q=b.example.](https://a.example/x)",
    "https://a.example/x",
    "https://müller.example/über?x=y.example",
    "<https://a.example:8080/x>",
    "[alice@a.example](mailto:Alice@a.example?subject=x)",
    "<alice@a.example>",
    "[xn--pple-43d.example](https://xn--pple-43d.example)",
  ])("%s says nothing", (source) => {
    expect(draw(source).querySelector("a")).not.toBeNull();
    expect(place(source)).toBeUndefined();
  });

  it("reads a long text once", () => {
    const long = (part: string) => part.repeat(100_000 / part.length);
    for (const text of ["a", "1.", "a@", "a-", "x:"].map(long)) {
      expect(otherPlace("https://a.example/", [{ kind: "text", text }])).not.toBe("a.example/");
    }
  });

  it("in plain text says where letters of another script lead", () => {
    expect(plain("https://\u0430pple.example/x").textContent).toBe(
      "https://\u0430pple.example/x (leads to xn--pple-43d.example)",
    );
  });

  it.each([
    "https://good.example@evil.example/",
    "[x](https://good.example@evil.example/)",
    "<https://good.example@evil.example/>",
  ])("%s is none: what stands before the @ reads as the host", (source) => {
    expect(draw(source).querySelector("a")).toBeNull();
    expect(plain(source).querySelector("a")).toBeNull();
  });
});

describe("code", () => {
  it("that is still being written keeps the colours that it has", async () => {
    const { container, rerender } = render(CodeBlock, { text: "let a = 1;\n", language: "ts" });
    const words = () => [...container.querySelectorAll("pre span")].map((each) => each.textContent);
    expect(container.querySelector("pre")?.textContent).toBe("let a = 1;\n");
    await expect.poll(words).toEqual(["let", "1"]);
    await rerender({ text: "let a = 1;\nlet b = 2;\n" });
    expect(words()).toEqual(["let", "1"]);
    expect(container.querySelector("pre")?.textContent).toBe("let a = 1;\nlet b = 2;\n");
    await expect.poll(words).toEqual(["let", "1", "let", "2"]);
  });

  it("that was coloured before is so at once", async () => {
    const props = { text: "select 7", language: "sql" };
    const { container, unmount } = render(CodeBlock, props);
    await expect.poll(() => container.querySelectorAll("pre span").length).toBe(2);
    unmount();
    expect(render(CodeBlock, props).container.querySelectorAll("pre span").length).toBe(2);
  });
});

describe("coloured code", () => {
  it.each([
    ["sql", "select 'a' -- b\nfrom t where n > 1.5;"],
    ["ts", "const a = `x`; // b\n/* c */ f(a);"],
    ["python", "def f(x):\n    return 'a' # b"],
    ["unknown", "what <is> this?"],
    ["ts", "'never closed"],
  ])("in %s is the code again when put together", (language, code) => {
    expect(
      highlight(code, language)
        .map(({ text }) => text)
        .join(""),
    ).toBe(code);
  });

  it.each(["constructor", "__proto__", "toString"])("knows no language %s", (language) => {
    expect(highlight("a", language)).toEqual([{ text: "a", colour: undefined }]);
  });

  it("knows keywords, strings, comments and numbers", () => {
    const colours = Object.fromEntries(
      highlight("SELECT 'a', 1 -- b", "sql").map(({ text, colour }) => [text, colour]),
    );
    expect(colours).toMatchObject({ SELECT: "key", "'a'": "str", "1": "num", "-- b": "com" });
  });
});

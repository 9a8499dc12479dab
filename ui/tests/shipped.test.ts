import { describe, expect, it } from "vitest";
import { madeByTemplates, placed } from "../build/catalogues";
import { lexerAlone } from "../build/lexer";

describe("keys of texts", () => {
  const keys = [
    "lock.busy",
    "lock.problem.wrong",
    "settings.desktop.off",
    "settings.desktop.off.text",
  ];

  it("stay where a template makes them", () => {
    const all = keys.map((key) => `t("${key}");`).join(" ");
    const left = (source: string) => [...madeByTemplates(keys, [all, source])];
    expect(left(`t(\`lock.problem.\${now.problem}\`); t("lock.busy");`)).toEqual([
      "lock.problem.wrong",
    ]);
    expect(left(`t(\`settings.desktop.\${kept}.text\`)`)).toEqual(["settings.desktop.off.text"]);
    expect(left(`t(\`settings.\${section}\`)`)).toEqual([]);
    expect(left(`say(\`\${width}.\${height}\`, \`{\${text.trim()}}\`)`)).toEqual([]);
  });

  it("stay where no text is exactly one", () => {
    expect([...madeByTemplates(keys, [`t("lock.busy"); t(names.busy)`])]).toEqual(keys.slice(1));
  });

  it("become places where they are a whole text, whatever quotes it", () => {
    const places = new Map([["lock.busy", 7]]);
    expect(placed("t(busy ? 'lock.busy' : `lock.busy`, \"lock.problem.wrong\")", places)).toBe(
      't(busy ? "7" : "7", "lock.problem.wrong")',
    );
    expect(placed('"lock.busy.text" + "my lock.busy"', places)).toBe(
      '"lock.busy.text" + "my lock.busy"',
    );
  });
});

describe("the lexer of marked", () => {
  const { transform } = lexerAlone();
  const shorten = (code: string) => {
    if (typeof transform !== "object") throw new Error("no transform");
    const refuse = (message: string) => {
      throw new Error(message);
    };
    // The handler asks nothing of its context but to refuse.
    return Reflect.apply(transform.handler, { error: refuse }, [code, "marked.esm.js"]) as {
      code: string;
    };
  };

  it("is what is left of it", () => {
    const whole =
      "class w{};var v=new ne;function x(l,e){return v.parse(l,e)}export{x as marked,w as Lexer};";
    expect(shorten(whole).code).toBe("class w{};export{w as Lexer};");
  });

  it("is refused where it cannot be told from the rest", () => {
    expect(() => shorten("class w{};export{w as Lexer};")).toThrow(/another way/);
  });
});

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "svelte/compiler";
import { describe, expect, it } from "vitest";
import { speak, t } from "../src/lib/i18n";
import { en } from "../src/lib/i18n/en";
import { physical, wordsIn } from "./markup";

const root = join(import.meta.dirname, "../src");

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return ["bindings", "i18n"].includes(entry.name) ? [] : sources(path);
    return /\.(ts|svelte)$/.test(entry.name) ? [path] : [];
  });
}

const base = readFileSync(join(root, "styles/base.css"), "utf8");
const files = sources(root).map((path) => ({ path, text: readFileSync(path, "utf8") }));

describe("the catalogue", () => {
  it("fills holes, grouping numbers", () => {
    expect(t("session.you", { text: "Hello" })).toBe("You: Hello");
    expect(t("results.searched", { count: 48_213 })).toBe(
      "48,213 messages searched on this device",
    );
  });

  it("chooses the plural form", () => {
    expect(t("status.queued", { count: 1 })).toBe("1 queued");
    expect(t("banner.offline.queued", { count: 1 })).toContain("1 message will");
    expect(t("banner.offline.queued", { count: 2 })).toContain("2 messages will");
  });

  it("counts what is new, in German too", async () => {
    const said = () => [1, 3, 1200].map((count) => t("conversation.fresh", { count }));
    expect(said()).toEqual(["1 new", "3 new", "1,200 new"]);
    await speak("de");
    try {
      expect(said()).toEqual(["1 neu", "3 neu", "1.200 neu"]);
    } finally {
      await speak("en");
    }
  });

  it("leaves what looks like a hole in a value alone", () => {
    expect(t("session.you", { text: "{name}" })).toBe("You: {name}");
  });

  it("has no text that nothing shows", () => {
    const all = files.map(({ text }) => text).join("\n");
    // Keys that are put together, such as t(`presence.${status}`), are known by their start.
    const starts = [...all.matchAll(/`([a-z]\w*(?:\.\w+)*\.)\$\{/gi)].map(([, start]) => start);
    const unused = Object.keys(en).filter(
      (key) => !all.includes(`"${key}"`) && !starts.some((start) => start && key.startsWith(start)),
    );
    expect(unused).toEqual([]);
  });

  // Every component is read by the compiler, which takes a while.
  it("holds every text: no component has words of its own", { timeout: 60_000 }, () => {
    const found = files
      .filter(({ path }) => path.endsWith(".svelte"))
      .flatMap(({ path, text }) =>
        wordsIn(parse(text, { modern: true }).fragment).map((words) => `${path}: ${words}`),
      );
    expect(found).toEqual([]);
  });

  it("holds every text: no script has words of its own", () => {
    const found = files.flatMap(({ path, text }) =>
      [
        ...text.matchAll(
          /\b(?:text|label|title|hint|name)\s*:\s*["`]([A-Z][a-z]+(?: [^"`]*)?)["`]/g,
        ),
      ].map(([, words]) => `${path}: ${words}`),
    );
    expect(found).toEqual([]);
  });

  it("would be told of words in a component", () => {
    const words = (markup: string) => wordsIn(parse(markup, { modern: true }).fragment);
    expect(words("<p>Hello</p>")).toEqual(["Hello"]);
    expect(words("{#if a}<b>·</b>{:else}<i>{x}</i> more{/if}")).toEqual(["more"]);
    expect(words('<Button label="Save" />')).toEqual(["Save"]);
    expect(words('<p title={"Close " + name}></p>')).toEqual(["Close"]);
    expect(words('<p aria-label={open ? "Open" : t("x")}></p>')).toEqual(["Open"]);
    expect(words('<p>{on ? "On" : "Off"}</p>')).toEqual(["On", "Off"]);
    expect(words('<p class="one two" data-testid="Save">{t("action.save")}</p>')).toEqual([]);
  });
});

describe("the styles", () => {
  it("name no raw colour: they use the tokens", () => {
    const found = files
      .filter(({ path }) => path.endsWith(".svelte") && !path.endsWith("ThemePreview.svelte"))
      .flatMap(({ path, text }) => {
        const style = /<style>([\s\S]*?)<\/style>/.exec(text)?.[1] ?? "";
        return [...style.matchAll(/#[0-9a-f]{3,8}\b|\b(?:rgb|hsl|oklch)a?\(/gi)].map(
          ([colour]) => `${path}: ${colour}`,
        );
      });
    expect(found).toEqual([]);
  });
});

describe("directions", () => {
  it("are those of the line: no style names left or right", () => {
    const found = files
      .filter(({ path }) => path.endsWith(".svelte"))
      .concat({ path: "base.css", text: `<style>${base}</style>` })
      .flatMap(({ path, text }) => {
        const style = /<style>([\s\S]*?)<\/style>/.exec(text)?.[1] ?? "";
        return physical(style.replace(/\/\*[\s\S]*?\*\//g, "")).map((said) => `${path}: ${said}`);
      });
    expect(found).toEqual([]);
  });

  it("would be told of left and right", () => {
    expect(physical("a { left: 0; }")).toEqual(["left: 0"]);
    expect(physical("a { padding-left: 0; border-right: 0; }")).toHaveLength(2);
    expect(physical("a { text-align: right; float: left; }")).toHaveLength(2);
    expect(physical("a { border-top-left-radius: 0; }")).toHaveLength(1);
    expect(physical("a { margin: 0 1px 0 calc(1px + 2px); }")).toHaveLength(1);
    expect(physical("a { transform: translateX(-50%); }")).toHaveLength(1);
    expect(physical("a { transform: translateX(calc(var(--inline) * 2px)); }")).toEqual([]);
    expect(physical("a { padding: 0 1px 0 1px; margin-inline: 0; inset: 0 auto; }")).toEqual([]);
  });
});

describe("the markup", () => {
  it("takes no HTML from anywhere", () => {
    const found = files
      .filter(({ text }) => /\{@html|innerHTML|insertAdjacentHTML|outerHTML/.test(text))
      .map(({ path }) => path.slice(root.length + 1));
    expect(found).toEqual([]);
  });
});

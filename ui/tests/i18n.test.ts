import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { t } from "../src/lib/i18n";
import { en } from "../src/lib/i18n/en";

const root = join(import.meta.dirname, "../src");

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return ["bindings", "i18n"].includes(entry.name) ? [] : sources(path);
    return /\.(ts|svelte)$/.test(entry.name) ? [path] : [];
  });
}

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

  it("holds every text: no component has words of its own", () => {
    const found = files
      .filter(({ path }) => path.endsWith(".svelte"))
      .flatMap(({ path, text }) => {
        const markup = text
          .replace(/<script[\s\S]*?<\/script>/g, "")
          .replace(/<style[\s\S]*?<\/style>/g, "")
          .replace(/<!--[\s\S]*?-->/g, "");
        return [...markup.matchAll(/(?:aria-label|placeholder|title|data-tip)="([^"{]+)"/g)]
          .map(([, words]) => `${path}: ${words}`)
          .concat(
            [...markup.matchAll(/>\s*([A-Za-z][A-Za-z ]{3,})\s*</g)].map(
              ([, words]) => `${path}: ${words}`,
            ),
          );
      });
    expect(found).toEqual([]);
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

describe("the markup", () => {
  it("takes no HTML from anywhere but the program's own icons", () => {
    const found = files
      .filter(({ text }) => /\{@html|innerHTML|insertAdjacentHTML|outerHTML/.test(text))
      .map(({ path }) => path.slice(root.length + 1));
    expect(found.sort()).toEqual(["lib/panel/Chart.svelte"]);
  });
});

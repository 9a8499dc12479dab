import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Forms, Message } from "../src/lib/i18n/catalogue";
import { en } from "../src/lib/i18n/en";
import { translate } from "../src/lib/i18n/engine";
import { catalogue as de, engine } from "../src/lib/i18n/german";

const root = join(import.meta.dirname, "../..");
const keys = Object.keys(en) as (keyof typeof en)[];
const holes = (text: string) => [...text.matchAll(/\{\w*\}/g)].map(([hole]) => hole).sort();
const texts = (message: Message) =>
  typeof message === "string" ? [message] : Object.values(message as Forms);

/** What reads the same in both languages: names, units, and words that German took over. */
const SAME = new Set([
  "1M",
  "1W",
  "Authenticator",
  "Chat",
  "Code",
  "Details",
  "Deutsch",
  "English",
  "In",
  "In {title}",
  "MiB",
  "Name",
  "Offline",
  "Offline.",
  "Online",
  "Passphrase",
  "Standard",
  "Symbol",
  "System",
  "Tidings {version}",
  "TradingView Lightweight Charts™, © 2023 TradingView, Inc.",
  "USD",
  "Zoom",
  "in {seconds} s",
  "s",
  "sb_publishable_…",
  "{bytes} B",
  "{count} online",
  "{ms} ms",
]);
const hasWords = (text: string) => /[a-z]/i.test(text.replace(/\{\w*\}/g, ""));

describe("the German catalogue", () => {
  it("has every text of the English one, and no other", () => {
    expect(Object.keys(de).sort()).toEqual(Object.keys(en).sort());
  });

  it("fills the holes that the English one fills", () => {
    for (const key of keys) {
      const filled = (message: Message) => [...new Set(texts(message).flatMap(holes))].sort();
      expect(filled(de[key]), key).toEqual(filled(en[key]));
      for (const text of texts(de[key])) expect(text, key).toMatch(/^\S(.*\S)?$/s);
    }
  });

  it("has a form for each plural class of its language", () => {
    const classes = new Intl.PluralRules("de").resolvedOptions().pluralCategories;
    for (const key of keys) {
      const message: Message = de[key];
      if (typeof message !== "string") expect(Object.keys(message)).toEqual(classes);
    }
  });

  it("leaves nothing in English", () => {
    const left = keys.filter((key) =>
      texts(de[key]).some(
        (text) => texts(en[key]).includes(text) && hasWords(text) && !SAME.has(text),
      ),
    );
    expect(left).toEqual([]);
  });

  it("quotes as German does, and spaces its dots", () => {
    for (const key of keys) {
      for (const text of texts(de[key])) {
        expect(text, key).not.toMatch(/["”]|\p{L}…/u);
        expect((text.match(/„/g) ?? []).length, key).toBe((text.match(/“/g) ?? []).length);
      }
    }
  });
});

describe("the engine's sentences", () => {
  // What is broken over lines in the sources is one text.
  const sources = execFileSync("git", ["ls-files", "src-tauri/*.rs"], { cwd: root })
    .toString()
    .trim()
    .split("\n")
    .map((path) => readFileSync(join(root, path), "utf8").replace(/\\\n\s*/g, ""))
    .join("\n");

  it("are those that stand in its sources", () => {
    const unsaid = Object.keys(engine).filter((sentence) => !sources.includes(`"${sentence}"`));
    expect(unsaid).toEqual([]);
  });

  it("keep what they hold", () => {
    for (const [sentence, words] of Object.entries(engine)) {
      expect(holes(words), sentence).toEqual(holes(sentence));
    }
  });

  it("are found with what their holes hold, the longest first", () => {
    expect(
      translate(
        "The settings could not be read and are back at their defaults. The old file is /a/b.",
        engine,
      ),
    ).toBe(
      "Die Einstellungen waren nicht lesbar und stehen wieder auf ihren Vorgaben. Die alte Datei ist /a/b.",
    );
    expect(translate("/a/config.json could not be read: denied", engine)).toBe(
      "/a/config.json konnte nicht gelesen werden: denied",
    );
  });

  it("are looked up within each other", () => {
    expect(
      translate(
        "The workspace could not be opened: The server could not be reached: no route",
        engine,
      ),
    ).toBe("Der Arbeitsbereich ließ sich nicht öffnen: Der Server ist nicht erreichbar: no route");
    expect(translate("The first wait is 0.1 to 10 s.", engine)).toBe(
      "Die erste Wartezeit liegt zwischen 0.1 und 10 s.",
    );
  });

  it("fills holes without a name in their order", () => {
    expect(
      translate(
        "The import stopped: no room. 2 sessions and 30 messages were imported and are safe; import the file again for the rest, nothing comes twice.",
        engine,
      ),
    ).toBe(
      "Der Import hielt an: no room. Importiert und sicher: 2 Unterhaltungen und 30 Nachrichten. Importiere die Datei für den Rest noch einmal, nichts kommt doppelt.",
    );
  });

  it("stay as they are where nobody has translated them, also those named like a method", () => {
    for (const text of ["Something new.", "toString", "constructor", "", "a\nb"]) {
      expect(translate(text, engine)).toBe(text);
      expect(translate(text, {})).toBe(text);
    }
  });
});

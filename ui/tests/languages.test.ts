import { flushSync, mount, unmount } from "svelte";
import { afterEach, describe, expect, it } from "vitest";
import { BackendError } from "../src/lib/backend";
import type { ErrorCode } from "../src/lib/bindings";
import { failure } from "../src/lib/failure";
import { parseDecimal } from "../src/lib/format/decimal";
import {
  amount,
  change,
  compact,
  count,
  MINUS,
  percent,
  price,
  readPrice,
  separators,
  signedAmount,
  THIN,
} from "../src/lib/format/number";
import {
  ago,
  axisTime,
  dayAndTime,
  dayHeader,
  shortWhen,
  span,
  timeOfDay,
} from "../src/lib/format/time";
import { said, speak, speakRemembered, spoken, t } from "../src/lib/i18n";
import { languageOf, localeOf } from "../src/lib/i18n/locale";
import { use } from "../src/lib/i18n/spoken.svelte";
import ShortcutList from "../src/lib/settings/ShortcutList.svelte";
import { withKeys } from "../src/lib/ui/keys";

// The tests run in UTC and, as happy-dom says, on a system that speaks en-US.
const now = Date.UTC(2026, 9, 16, 14, 2);

afterEach(async () => {
  localStorage.clear();
  await speak("en");
});

describe("the language", () => {
  it.each([
    ["system", "de-AT", "de"],
    ["system", "en-GB", "en"],
    ["system", "fr-FR", "en"],
    ["en", "de-DE", "en"],
    ["de", "en-US", "de"],
  ] as const)("chosen as %s on %s is %s", (choice, system, language) => {
    expect(languageOf(choice, system)).toBe(language);
  });

  it.each([
    // The place is the system's where it speaks the language.
    ["system", "de-AT", "de-AT", "de-AT"],
    ["de", "de-CH", "de-CH", "de-CH"],
    ["en", "en-GB", "en-GB", "en-GB"],
    // Without its language, numbers stay those of the system until another one is chosen.
    ["system", "fr-FR", "en-GB", "fr-FR"],
    ["system", "ar-EG", "en", "ar-EG"],
    ["en", "de-DE", "en-GB", "en-GB"],
    ["de", "en-US", "de", "de"],
  ] as const)(
    "chosen as %s on %s has words of %s and numbers of %s",
    (choice, system, words, numbers) => {
      const locale = localeOf(choice, system);
      expect(locale.words).toBe(`${words}-u-nu-latn`);
      expect(locale.numbers).toBe(`${numbers}-u-nu-latn`);
    },
  );

  it("is told by the page", async () => {
    await speak("de");
    expect(document.documentElement.lang).toBe("de");
    expect(document.documentElement.dir).toBe("ltr");
    await speak("en");
    expect(document.documentElement.lang).toBe("en");
  });

  it("is the one asked for last, whatever comes later", async () => {
    const german = speak("de");
    await speak("en");
    await german;
    expect(spoken().language).toBe("en");
  });

  it("is remembered for the next start, before the settings are read", async () => {
    await speak("de");
    await speak("en");
    localStorage.setItem("tidings.language", "de");
    await speakRemembered();
    expect(t("action.save")).toBe("Speichern");
    localStorage.setItem("tidings.language", "klingon");
    await speakRemembered();
    expect(t("action.save")).toBe("Save");
  });

  it("is drawn anew at once where it changes", async () => {
    const target = document.createElement("div");
    const list = mount(ShortcutList, { target });
    expect(target.textContent).toContain("Next unread session");
    expect(target.textContent).toContain("Ctrl");
    await speak("de");
    flushSync();
    expect(target.textContent).toContain("Nächste ungelesene Unterhaltung");
    expect(target.textContent).toContain("Strg");
    expect(target.textContent).not.toContain("session");
    await unmount(list);
  });

  it("names keys as they are printed", async () => {
    expect(withKeys("Find", "Mod+Shift+F")).toBe("Find  Ctrl+Shift+F");
    await speak("de");
    expect(withKeys("Suchen", "Mod+Shift+F")).toBe("Suchen  Strg+Umschalt+F");
    expect(withKeys("Löschen", "Del")).toBe("Löschen  Entf");
  });

  it("is also that of what the engine says", async () => {
    expect(said("There is no such session.")).toBe("There is no such session.");
    await speak("de");
    expect(said("There is no such session.")).toBe("Diese Unterhaltung gibt es nicht.");
  });
});

describe("in German", () => {
  it("texts have their plural forms and grouped numbers", async () => {
    await speak("de");
    expect(t("alerts.count", { count: 0 })).toBe("0 Preisalarme");
    expect(t("alerts.count", { count: 1 })).toBe("1 Preisalarm");
    expect(t("results.searched", { count: 48_213 })).toBe("48.213 Nachrichten hier durchsucht");
  });

  it("numbers have points between thousands and a comma before decimals", async () => {
    await speak("de");
    expect(separators()).toEqual({ group: ".", decimal: "," });
    expect(price("67893.4")).toBe("67.893,40");
    expect(price("0.00001234567")).toBe("0,00001235");
    expect(price("-12.5")).toBe(`${MINUS}12,50`);
    expect(amount("0.9950")).toBe("0,995");
    expect(percent("0.1")).toBe(`0,1${THIN}%`);
    expect(change("-0.42")?.text).toBe(`${MINUS}0,42${THIN}%`);
    expect(compact("1340000000000")).toBe(`1,34${THIN}Bio.`);
    expect(compact("28600000000")).toBe(`28,6${THIN}Mrd.`);
    expect(count(48_213)).toBe("48.213");
    const moved = parseDecimal("1831.57");
    expect(moved && signedAmount(moved)).toBe("+1.831,57");
  });

  it.each([
    ["70.000", "70000"],
    ["70.000,50", "70000.50"],
    ["1.234.567,89", "1234567.89"],
    ["0,995", "0.995"],
    ["0.995", "0.995"],
    ["70,5", "70.5"],
    ["70.5", "70.5"],
  ])("a price typed as %s is %s", async (text, exact) => {
    await speak("de");
    expect(readPrice(text)).toBe(exact);
  });

  it("what is written is read again", async () => {
    for (const choice of ["en", "de"] as const) {
      await speak(choice);
      for (const exact of ["70000", "1234567.89", "0.995", "66500.5"]) {
        expect(readPrice(amount(exact))).toBe(exact);
      }
    }
  });

  it("days and times are German", async () => {
    await speak("de");
    expect(timeOfDay(now)).toBe("14:02");
    expect(axisTime(Date.UTC(2026, 9, 16, 14))).toBe("14:00");
    expect(dayHeader(now, now)).toBe("Heute");
    expect(dayHeader(now - 86_400_000, now)).toBe("Gestern");
    expect(dayHeader(Date.UTC(2026, 9, 12), now)).toBe("Montag, 12. Oktober");
    expect(dayHeader(Date.UTC(2025, 9, 12), now)).toBe("Sonntag, 12. Oktober 2025");
    expect(shortWhen(Date.UTC(2026, 9, 12, 8), now)).toBe("Mo");
    expect(dayAndTime(Date.UTC(2026, 9, 16, 8, 52), now)).toBe("heute, 08:52");
    expect(dayAndTime(Date.UTC(2026, 9, 13, 16, 20), now)).toBe("Di., 13. Okt., 16:20");
    expect(ago(now - 240_000, now)).toBe("vor 4 Min.");
    expect(ago(now - 86_400_000, now)).toBe("vor 1 Tag");
    expect(ago(now - 172_800_000, now)).toBe("vor 2 Tagen");
    expect(span(900)).toBe("15 Minuten");
    expect(span(172_800)).toBe("2 Tagen");
  });
});

describe("where lines run to the left", () => {
  it("signs and units stay with their numbers", () => {
    use({ ...spoken(), direction: "rtl" });
    expect(document.documentElement.dir).toBe("rtl");
    expect(change("1.24")?.text).toBe(`\u2066+1.24${THIN}%\u2069`);
    expect(t("session.you", { text: "Hello" })).toBe("You: \u2068Hello\u2069");
  });
});

describe("what somebody wrote", () => {
  it("stands apart in a sentence where it runs the other way", () => {
    expect(t("session.you", { text: "Hello" })).toBe("You: Hello");
    expect(t("session.you", { text: "שלום" })).toBe("You: \u2068שלום\u2069");
  });

  it("turns nothing but itself", () => {
    expect(t("session.you", { text: "a\u202egnp" })).toBe("You: \u2068agnp\u2069");
    expect(t("session.you", { text: "a\u2069\u202eb" })).toBe("You: \u2068ab\u2069");
    const inner = t("typing.one", { name: "שלום" });
    expect(t("session.you", { text: inner })).toBe("You: \u2068\u2068שלום\u2069 is typing\u2069");
  });
});

describe("a failure", () => {
  const failed = (code: ErrorCode, message: string) =>
    failure(new BackendError({ code, message, details: null }));

  it("is told in the engine's words in English", () => {
    expect(failed("refused", "Signups not allowed")).toBe("Signups not allowed");
  });

  it("is told in German, what a server says behind what it means", async () => {
    await speak("de");
    expect(failed("no_workspace", "No workspace is open.")).toBe("Kein Arbeitsbereich ist offen.");
    expect(failed("refused", "Signups not allowed")).toBe(
      "Das Projekt hat abgelehnt: Signups not allowed",
    );
  });
});

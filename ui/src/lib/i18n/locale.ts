import type { Spoken as Language, LanguageChoice } from "../bindings";

export type { Language };

/** Which way each language is written. */
const DIRECTIONS: Readonly<Record<Language, "ltr" | "rtl">> = { en: "ltr", de: "ltr" };
const LANGUAGES = Object.keys(DIRECTIONS) as readonly Language[];

/** How a language is written here: the words in one locale, numbers and times maybe in another. */
export interface Locale {
  readonly language: Language;
  /** For the words of a date: always of the language. */
  readonly words: string;
  /** For numbers, prices and times of day: of the place. */
  readonly numbers: string;
  readonly direction: "ltr" | "rtl";
}

/**
 * The locale of the system. WebKitGTK hands over what the environment says, which need not be a
 * language tag: `C` or `POSIX` count as English.
 */
export function systemLocale(): string {
  const told = globalThis.navigator?.language ?? "";
  try {
    return Intl.getCanonicalLocales(told)[0] ?? "en";
  } catch {
    return "en";
  }
}

/** The language that a choice means here. */
export function languageOf(choice: LanguageChoice, system = systemLocale()): Language {
  if (choice !== "system") return choice;
  const spoken = languagePart(system);
  return LANGUAGES.find((each) => each === spoken) ?? "en";
}

/**
 * How a choice is written here. Where the system speaks the language it knows the place: Austria,
 * say. Where it does not, numbers stay those of the system unless the language was chosen, for then
 * sentence and figure should fit.
 */
export function localeOf(choice: LanguageChoice, system = systemLocale()): Locale {
  const language = languageOf(choice, system);
  const fits = languagePart(system) === language;
  const words = fits ? system : placeOf(language, system);
  const numbers = choice === "system" ? system : words;
  return {
    language,
    words: latin(words),
    numbers: latin(numbers),
    direction: DIRECTIONS[language],
  };
}

/** Where a language is from, for a system that speaks another: English with its 12 or 24 hours. */
function placeOf(language: Language, system: string): string {
  if (language !== "en") return language;
  const { hour12 } = new Intl.DateTimeFormat(system, { hour: "numeric" }).resolvedOptions();
  return hour12 ? "en" : "en-GB";
}

/** With the digits 0 to 9: prices are compared, typed and read by everyone. */
function latin(locale: string): string {
  return new Intl.Locale(locale, { numberingSystem: "latn" }).toString();
}

function languagePart(locale: string): string {
  return locale.split("-")[0] ?? "";
}

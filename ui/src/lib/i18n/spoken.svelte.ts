import type { LanguageChoice } from "../bindings";
import type { Catalogue, EngineWords, FailureWords } from "./catalogue";
import { en } from "./en";
import { type Language, type Locale, languageOf, localeOf } from "./locale";

/** The language in use, with all that is written by it. A change of language makes a new one. */
export interface Spoken extends Locale {
  readonly catalogue: Catalogue;
  /** Sentences of the engine; none in English, which it speaks itself. */
  readonly engine: EngineWords;
  /** Kinds of failures; none in English, where the engine's words say enough. */
  readonly failures: FailureWords;
}

/**
 * What the other languages bring. English is part of the program, and stands in where nothing else
 * is loaded; the rest comes when it is spoken.
 */
const OTHERS: Record<
  Exclude<Language, "en">,
  () => Promise<Pick<Spoken, "catalogue" | "engine" | "failures">>
> = {
  de: () => import("./german"),
};

const KEY = "tidings.language";
const CHOICES: readonly LanguageChoice[] = ["system", "en", "de"];

const NO_WORDS = {};
let current = $state.raw<Spoken>(english(languageOf("system") === "en" ? "system" : "en"));
let wanted = 0;

/** The language in use. Whoever reads it while drawing draws anew when it changes. */
export function spoken(): Spoken {
  return current;
}

/**
 * Speaks a language, at once when it is known and else as soon as it is loaded. The last call
 * counts. Rejects when it cannot be loaded: then all stays as it was.
 */
export async function speak(choice: LanguageChoice): Promise<void> {
  wanted += 1;
  const turn = wanted;
  const language = languageOf(choice);
  if (language === "en") {
    use(english(choice));
  } else {
    const { catalogue, engine, failures } = await OTHERS[language]();
    if (turn !== wanted) return;
    use({ ...localeOf(choice), catalogue, engine, failures });
  }
  remember(choice);
}

/** Begins with the language of the last time, before the settings are read. */
export function speakRemembered(): Promise<void> {
  return speak(remembered());
}

/** Puts a language in use. What is the same as before draws nothing anew. */
export function use(next: Spoken): void {
  const same =
    next.catalogue === current.catalogue &&
    next.words === current.words &&
    next.numbers === current.numbers &&
    next.direction === current.direction;
  if (!same) current = next;
  const root = document.documentElement;
  root.lang = next.language;
  root.dir = next.direction;
}

function english(choice: LanguageChoice): Spoken {
  return {
    ...localeOf(choice),
    language: "en",
    catalogue: en,
    engine: NO_WORDS,
    failures: NO_WORDS,
  };
}

function remembered(): LanguageChoice {
  try {
    const kept = localStorage.getItem(KEY);
    return CHOICES.find((choice) => choice === kept) ?? "system";
  } catch {
    return "system";
  }
}

function remember(choice: LanguageChoice): void {
  try {
    if (localStorage.getItem(KEY) !== choice) localStorage.setItem(KEY, choice);
  } catch {
    // Without storage the next start begins with the system's language.
  }
}

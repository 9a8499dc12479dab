import { fill, type Key, type Message, type Rest } from "./catalogue";
import { translate } from "./engine";
import { type Spoken, spoken } from "./spoken.svelte";

export type { Key } from "./catalogue";
export { type Language, languageOf } from "./locale";
export { speak, speakRemembered, spoken } from "./spoken.svelte";

/**
 * Makes something by the language in use, when it is first asked for, and anew after a change of
 * language. Formatters are slow to make.
 */
export function byLanguage<T>(make: (now: Spoken) => T): () => T {
  let made: { of: Spoken; value: T } | undefined;
  return () => {
    const now = spoken();
    if (made?.of !== now) made = { of: now, value: make(now) };
    return made.value;
  };
}

const plural = byLanguage(({ language }) => new Intl.PluralRules(language));
const whole = byLanguage(({ numbers }) => new Intl.NumberFormat(numbers));

/**
 * The text for `key` in the language in use, its holes filled. Numbers are grouped by the place.
 * Read while drawing, it is drawn anew when the language changes.
 */
export function t<K extends Key>(key: K, ...rest: Rest<K>): string {
  const values = (rest[0] ?? {}) as Record<string, string | number>;
  const message: Message = spoken().catalogue[key];
  const pattern =
    typeof message === "string"
      ? message
      : (message[plural().select(Number(values.count))] ?? message.other);
  return fill(pattern, values, (value) => whole().format(value), spoken().direction);
}

/** What the engine said in English, in the language in use. */
export function said(text: string): string {
  return translate(text, spoken().engine);
}

import { en } from "./en";

/** A sentence, or its forms by the plural class of `count`. */
export type Message = string | Readonly<{ one: string; other: string }>;
export type Catalogue = Readonly<Record<Key, Message>>;
export type Key = keyof typeof en;

type Holes<S> = S extends `${string}{${infer Name}}${infer Rest}` ? Name | Holes<Rest> : never;
type HolesOf<M> = M extends string
  ? Holes<M>
  : M extends { one: infer One; other: infer Other }
    ? Holes<One> | Holes<Other> | "count"
    : never;
type Values<K extends Key> = { [Hole in HolesOf<(typeof en)[K]>]: string | number };
type Rest<K extends Key> = [HolesOf<(typeof en)[K]>] extends [never] ? [] : [values: Values<K>];

/** The language of the catalogue in use. */
export const language = "en";

const plural = new Intl.PluralRules(language);
const whole = new Intl.NumberFormat(systemLocale());

/** The text for `key`, its holes filled. Numbers are grouped by the system's locale. */
export function t<K extends Key>(key: K, ...rest: Rest<K>): string {
  const values = (rest[0] ?? {}) as Record<string, string | number>;
  const message: Message = en[key];
  const pattern =
    typeof message === "string"
      ? message
      : plural.select(Number(values.count)) === "one"
        ? message.one
        : message.other;
  return pattern.replace(/\{(\w+)\}/g, (hole, name: string) => {
    const value = values[name];
    if (value === undefined) return hole;
    return typeof value === "number" ? whole.format(value) : value;
  });
}

/**
 * The locale of the system, for numbers and times. WebKitGTK hands over what the environment
 * says, which need not be a language tag: `C` or `POSIX` count as the catalogue's language.
 */
export function systemLocale(): string {
  const told = globalThis.navigator?.language ?? "";
  try {
    return Intl.getCanonicalLocales(told)[0] ?? language;
  } catch {
    return language;
  }
}

/** The locale for words of a date: the system's where it speaks the catalogue's language. */
export function wordLocale(): string {
  const system = systemLocale();
  return system.split("-")[0] === language ? system : language;
}

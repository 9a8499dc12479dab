import { backendError } from "./backend";
import { said, spoken } from "./i18n";
import { fill } from "./i18n/catalogue";

/**
 * Why something failed, for people: in the words of the language in use where it has them. What the
 * engine or the server says beyond them is left as it is, behind what kind of failure it is.
 */
export function failure(thrown: unknown): string {
  const { code, message } = backendError(thrown);
  const words = said(message);
  const kind = spoken().failures[code];
  return words === message && kind !== undefined ? fill(kind, { message }, String) : words;
}

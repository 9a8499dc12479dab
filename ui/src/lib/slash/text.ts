/** A text that begins like a command: one line, a slash, and letters at once after it. */
export interface SlashText {
  /** In lower case; empty behind a bare slash. */
  name: string;
  /** What follows the name; undefined while that is still being written. */
  rest: string | undefined;
  /** The rest, word by word. */
  words: readonly string[];
}

/** Reads what may be a command: a path (`/etc/hosts`), `//` and several lines are none. */
export function readSlash(text: string): SlashText | undefined {
  const found = /^\/([\p{L}-]*)(?:[^\S\n]+([^\n]*))?\n*$/u.exec(text);
  if (!found) return undefined;
  const [, name = "", rest] = found;
  if (name === "" && rest !== undefined) return undefined;
  return { name: name.toLowerCase(), rest, words: wordsOf(rest ?? "") };
}

/** As much of what somebody wrote as a sentence about it repeats. */
export function shortened(text: string): string {
  return text.length > 24 ? `${text.slice(0, 24)}…` : text;
}

/** The words of a text. */
export function wordsOf(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}

/** Which word is being written, and what stands of it: behind a space begins the next. */
export function wordAt({ rest = "", words }: SlashText): { at: number; begun: string } {
  const ended = rest === "" || /\s$/.test(rest);
  return ended
    ? { at: words.length, begun: "" }
    : { at: words.length - 1, begun: words.at(-1) ?? "" };
}

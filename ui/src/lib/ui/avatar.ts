const COLOURS = ["blue", "amber", "green", "violet", "rose", "teal"] as const;

export type AvatarColour = (typeof COLOURS)[number];

/** Always the same colour for the same person. */
export function avatarColour(seed: string): AvatarColour {
  let hash = 2_166_136_261;
  for (const character of seed) {
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 16_777_619) >>> 0;
  }
  // The low bits of this hash repeat for similar names; the high ones are mixed in.
  hash = Math.imul(hash ^ (hash >>> 15), 2_246_822_519) >>> 0;
  return COLOURS[(hash >>> 16) % COLOURS.length] ?? "blue";
}

/** Up to two letters: of the first and the last word. */
export function initials(name: string): string {
  const words = name.split(/[\s._@-]+/u).filter((word) => /[\p{L}\p{N}]/u.test(word));
  const first = words[0];
  if (first === undefined) return "?";
  const last = words.length > 1 ? (words.at(-1) ?? "") : "";
  return (letter(first) + letter(last)).toLocaleUpperCase();
}

function letter(word: string): string {
  return /[\p{L}\p{N}]/u.exec(word)?.[0] ?? "";
}

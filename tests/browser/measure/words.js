// Texts that are made up, the same in every run, for the project and for the bare page alike.

const ONSETS = ["b", "d", "f", "g", "h", "k", "l", "m", "n", "p", "r", "s", "t", "v", "st", "tr"];
const VOWELS = ["a", "e", "i", "o", "u", "ai", "ea", "ou"];
/** How many different words there are. */
const WORDS = 20_000;

/** Numbers below `end` that look random and are the same for a seed. */
function numbers(seed) {
  let state = (seed + 1) * 0x9e3779b9;
  return (end) => {
    state = (state + 0x6d2b79f5) | 0;
    let z = Math.imul(state ^ (state >>> 15), 1 | state);
    z = (z + Math.imul(z ^ (z >>> 7), 61 | z)) ^ z;
    return ((z ^ (z >>> 14)) >>> 0) % end;
  };
}

/** The word of a rank. */
export function word(rank) {
  let text = "";
  for (let rest = rank + 128; rest > 0; rest = Math.floor(rest / 128)) {
    text += ONSETS[rest % 16] + VOWELS[Math.floor(rest / 16) % 8];
  }
  return text;
}

/** The text of a message by its number: from three words to some eighty, most of them short. */
export function text(number) {
  const below = numbers(number);
  const length = below(10) === 0 ? 20 + below(60) : 3 + below(17);
  const words = Array.from({ length }, () => word(Math.floor(WORDS ** (below(1000) / 1000)) - 1));
  return `${number} ${words.join(" ")}`;
}

/** Whether a message is one's own: people talk for a while each. */
export function own(number) {
  return Math.floor(number / 3) % 2 === 0;
}

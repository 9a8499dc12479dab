// Measures the page in Chromium on a screen, on Linux that of `DISPLAY`:
// `node measure/main.mjs --json FILE [--messages COUNT] [PART…]`.

import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { lacking, startBrowser } from "../support/chromium.mjs";
import { Ends } from "../support/engine.mjs";
import { Home } from "./home.mjs";
import { resting } from "./rest.mjs";
import { pricing } from "./prices.mjs";
import { scrolling } from "./scroll.mjs";
import { searching } from "./search.mjs";
import { typing } from "./typing.mjs";

/** In this order: what writes comes after what only reads. */
const PARTS = { rest: resting, scroll: scrolling, search: searching, prices: pricing, typing };

const { values, positionals } = parseArgs({
  options: { json: { type: "string" }, messages: { type: "string", default: "100000" } },
  allowPositionals: true,
});
const wanted = positionals.length === 0 ? Object.keys(PARTS) : positionals;
if (values.json === undefined || wanted.some((name) => !(name in PARTS))) {
  throw new Error(`usage: main.mjs --json FILE [--messages COUNT] [${Object.keys(PARTS).join("] [")}]`);
}
if (lacking) throw new Error(lacking);

const ends = new Ends();
try {
  const browser = await startBrowser({ shown: true });
  ends.push(() => browser.close());
  const home = await Home.prepare(browser, ends, Number(values.messages));
  const measures = [];
  for (const name of wanted) measures.push(...(await PARTS[name](home, ends, browser)));
  await writeFile(values.json, `${JSON.stringify({ measures }, undefined, 2)}\n`);
} finally {
  await ends.all();
}

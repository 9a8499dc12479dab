// Makes the picture of every screen in every look: `node tour.mjs [--out DIR] [--approve]`.

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { lacking, startBrowser } from "../browser/support/chromium.mjs";
import { Ends } from "../browser/support/engine.mjs";
import { startFixture } from "../browser/support/fixture.mjs";
import { Album } from "./support/album.mjs";
import { APPROVED } from "./support/approved.mjs";
import { judge } from "./support/judge.mjs";
import { LOOKS } from "./support/looks.mjs";
import { rendering } from "./support/rendering.mjs";

const { values } = parseArgs({
  options: { out: { type: "string" }, approve: { type: "boolean", default: false } },
});
if (lacking) throw new Error(lacking);
if (values.out === undefined && !values.approve) {
  throw new Error("usage: tour.mjs [--out DIR] [--approve]");
}

const ends = new Ends();
try {
  const browser = await startBrowser();
  ends.push(() => browser.close());
  const fixture = await startFixture(ends);
  let replaced = 0;
  for (const look of LOOKS) {
    const album = await Album.open(browser, fixture, look);
    const folder = values.out && join(values.out, look.name);
    if (folder) await mkdir(folder, { recursive: true });
    for (const screen of look.screens) {
      const { whole, compared } = await album.take(screen);
      if (folder) await writeFile(join(folder, `${screen.name}.png`), whole);
      if (values.approve && (await approve(look, screen, compared))) replaced += 1;
    }
    await album.close();
    console.log(`${look.name}: ${look.screens.length} pictures${folder ? ` in ${folder}` : ""}`);
  }
  if (values.approve) await finish(browser, replaced);
} finally {
  await ends.all();
}

/** Replaces an approved picture that is another one; the others stay as they are, byte by byte. */
async function approve(look, screen, picture) {
  const known = await APPROVED.read(look.name, screen.name);
  if (known !== undefined && (await judge(picture, known)) === undefined) return false;
  await APPROVED.write(look.name, screen.name, picture);
  console.log(`approved: ${look.name}/${screen.name}`);
  return true;
}

async function finish(browser, replaced) {
  const stale = await APPROVED.stale(LOOKS);
  for (const path of stale) {
    await APPROVED.remove(path);
    console.log(`removed: ${path}`);
  }
  await APPROVED.writeRendering(await rendering(browser));
  console.log(`${replaced} approved pictures replaced, ${stale.length} removed`);
}

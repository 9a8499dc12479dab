// The picture of every screen in every look, held against the approved one.

import assert from "node:assert/strict";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import sharp from "sharp";
import { lacking, startBrowser } from "../browser/support/chromium.mjs";
import { Ends } from "../browser/support/engine.mjs";
import { startFixture } from "../browser/support/fixture.mjs";
import { ROOT } from "../programs.mjs";
import { Album } from "./support/album.mjs";
import { APPROVED } from "./support/approved.mjs";
import { judge } from "./support/judge.mjs";
import { LOOKS } from "./support/looks.mjs";
import { incomparable, rendering } from "./support/rendering.mjs";

/** Where the pictures of a screen go that is not the approved one. */
const FOUND = join(process.env.CARGO_TARGET_DIR ?? join(ROOT, "target"), "pictures");

it("every approved picture has its screen", async () => {
  assert.deepEqual(await APPROVED.stale(LOOKS), [], "remove them: cargo xtask tour --approve");
});

describe("pictures", { skip: lacking }, () => {
  const ends = new Ends();
  let browser;
  let fixture;
  let reason;

  before(async () => {
    browser = await startBrowser();
    ends.push(() => browser.close());
    reason = await incomparable(await rendering(browser), await APPROVED.rendering());
    if (reason) return;
    fixture = await startFixture(ends);
    await rm(FOUND, { recursive: true, force: true });
  });
  after(() => ends.all());

  for (const look of LOOKS) {
    describe(look.name, () => {
      let album;
      before(async () => {
        if (!reason) album = await Album.open(browser, fixture, look);
      });
      after(() => album?.close());

      for (const screen of look.screens) {
        it(screen.name, async (test) => {
          if (reason) return test.skip(reason);
          const { compared } = await album.take(screen);
          const approved = await APPROVED.read(look.name, screen.name);
          const wrong = await judge(compared, approved);
          if (wrong === undefined) return undefined;
          const folder = await keep(look, screen, compared, approved, wrong.difference);
          const remedy = approved ? ". If it is meant to look so: cargo xtask tour --approve" : "";
          return assert.fail(
            `${look.name}/${screen.name}: ${wrong.problem}. See ${folder}${remedy}`,
          );
        });
      }
    });
  }
});

/** Leaves what was expected, what was there, and where they differ, for a person to look at. */
async function keep(look, screen, actual, approved, difference) {
  const folder = join(FOUND, look.name);
  await mkdir(folder, { recursive: true });
  const file = (what) => join(folder, `${screen.name}-${what}.png`);
  await writeFile(file("actual"), actual);
  if (approved) await writeFile(file("expected"), await sharp(approved).png().toBuffer());
  if (difference) await writeFile(file("difference"), difference);
  return folder;
}

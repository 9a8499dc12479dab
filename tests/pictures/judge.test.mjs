// What the judge lets pass and what it does not, on real text and on an approved picture.

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import sharp from "sharp";
import { lacking, startBrowser } from "../browser/support/chromium.mjs";
import { APPROVED, Approved } from "./support/approved.mjs";
import { judge } from "./support/judge.mjs";
import { incomparable, rendering } from "./support/rendering.mjs";
import { typefaces, write } from "./support/text.mjs";

const png = (picture) => sharp(picture).png().toBuffer();

async function raw(picture) {
  const { data, info } = await sharp(picture)
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { data, raw: { width: info.width, height: info.height, channels: 3 } };
}

describe("the judge of an approved picture", () => {
  let approved;
  before(async () => {
    approved = await APPROVED.read("light", "conversation");
  });

  it("lets the same picture pass", async () => {
    assert.equal(await judge(await png(approved), approved), undefined);
  });

  it("lets a few pixels of noise at the edges of letters pass", async () => {
    const { data, raw: shape } = await raw(approved);
    // A row through the title has letters, so edges.
    const row = 22 * shape.width;
    const edges = Array.from({ length: 90 }, (_, x) => (row + 290 + x) * 3).filter(
      (at) => Math.abs(data[at] - data[at + 3]) > 40,
    );
    assert.ok(edges.length > 12, `${edges.length} edges`);
    for (const at of edges.filter((_, index) => index % 6 === 0)) {
      for (let channel = 0; channel < 3; channel += 1) {
        data[at + channel] = Math.round((data[at + channel] + data[at + 3 + channel]) / 2);
      }
    }
    const noisy = await sharp(data, { raw: shape }).png().toBuffer();
    assert.notDeepEqual((await raw(noisy)).data, (await raw(approved)).data);
    assert.equal(await judge(noisy, approved), undefined);
  });

  it("does not let a panel that moved by two pixels pass", async () => {
    const panel = { left: 940, top: 0, width: 340, height: 772 };
    const cut = await sharp(approved).extract({ ...panel, width: panel.width - 2 }).png().toBuffer();
    const moved = await sharp(approved)
      .composite([{ input: cut, left: panel.left + 2, top: 0 }])
      .png()
      .toBuffer();
    const wrong = await judge(moved, approved);
    assert.match(wrong.problem, /pixels differ/);
    const { width, height } = await sharp(wrong.difference).metadata();
    assert.deepEqual([width, height], [1280, 800]);
  });

  it("does not let a surface of nearly the same colour pass", async () => {
    const input = { create: { width: 60, height: 60, channels: 3, background: "#f0f0f2" } };
    const tinted = await sharp(approved).composite([{ input, left: 960, top: 600 }]).png().toBuffer();
    assert.match((await judge(tinted, approved)).problem, /pixels differ/);
  });

  it("tells that the size is another", async () => {
    const most = { left: 0, top: 0, width: 1270, height: 800 };
    const smaller = await sharp(approved).extract(most).png().toBuffer();
    const { problem } = await judge(smaller, approved);
    assert.equal(problem, "the picture is 1270×800, the approved one 1280×800");
  });

  it("tells what to do where nothing is approved", async () => {
    const { problem } = await judge(await png(approved), undefined);
    assert.match(problem, /no approved picture.*cargo xtask tour --approve/);
  });
});

describe("the judge of text", { skip: lacking }, () => {
  let browser;
  let fonts;
  before(async () => {
    browser = await startBrowser();
    fonts = await typefaces();
  });
  after(() => browser?.close());

  const line = (text, size = 13) => write(browser, fonts, [["Inter", size, text]]);

  for (const [is, should] of [
    ["Then we shlp at 15:00.", "Then we ship at 15:00."],
    ["Then we ship at 15:00,", "Then we ship at 15:00."],
    ["Then we ship at 16:00.", "Then we ship at 15:00."],
  ]) {
    for (const size of [11, 13]) {
      it(`does not let “${is}” pass for “${should}” at ${size} px`, async () => {
        assert.match((await judge(await line(is, size), await line(should, size))).problem, /differ/);
      });
    }
  }

  it("lets the same text pass", async () => {
    assert.equal(await judge(await line("Then we ship."), await line("Then we ship.")), undefined);
  });

  it("compares where text is drawn alike, and says why it does not where it is not", async () => {
    const here = await rendering(browser);
    assert.equal(await incomparable(here, here), false);
    assert.equal(await incomparable(here, undefined), false);
    const [major, rest] = here.chromium.split(/\.(.*)/s);
    const patched = { ...here, chromium: `${major}.${rest}.1` };
    assert.equal(await incomparable(patched, here), false);
    const older = { ...here, chromium: `${Number(major) - 1}.${rest}` };
    assert.match(await incomparable(here, older), /approved with Chromium \d+.*--approve/);
    const bolder = await sharp(here.probe).blur(0.6).png().toBuffer();
    assert.match(await incomparable({ ...here, probe: bolder }, here), /drawn differently.*--approve/);
    // Another typeface is a change of the project's own: every screen is compared.
    const changed = { ...here, probe: bolder, typefaces: "another" };
    assert.equal(await incomparable(changed, here), false);
  });
});

describe("the approved pictures", () => {
  let folder;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "tidings-approved-"));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const look = (name, ...screens) => ({
    name,
    screens: (screens.length > 0 ? screens : ["conversation"]).map((each) => ({ name: each })),
  });

  it("are kept without a loss, and those without a screen are named", async () => {
    const approved = new Approved(folder);
    const picture = await APPROVED.read("dark", "conversation");
    for (const screen of ["conversation", "gone"]) await approved.write("dark", screen, picture);
    await approved.writeRendering({ chromium: "1.2", typefaces: "a", probe: picture });
    assert.deepEqual(
      (await raw(await approved.read("dark", "conversation"))).data,
      (await raw(picture)).data,
    );
    assert.equal(await approved.read("light", "conversation"), undefined);
    assert.deepEqual(await approved.stale([look("dark")]), ["dark/gone.webp"]);
    assert.deepEqual(await approved.stale([look("light", "conversation", "gone")]), [
      "dark/conversation.webp",
      "dark/gone.webp",
    ]);
    await approved.remove("dark/gone.webp");
    assert.deepEqual(await approved.stale([look("dark")]), []);
    const { chromium, probe } = await approved.rendering();
    assert.equal(chromium, "1.2");
    assert.equal(await judge(await png(probe), picture), undefined);
  });

  it("are none in a folder that is not there", async () => {
    const none = new Approved(join(folder, "nowhere"));
    assert.deepEqual(await none.stale([look("dark", "conversation")]), []);
    assert.equal(await none.rendering(), undefined);
  });
});

// Code in messages is coloured beside the page: it is there to be read before, and nothing moves.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { lacking, openPage, startBrowser } from "./support/chromium.mjs";
import { Ends } from "./support/engine.mjs";
import { startFixture } from "./support/fixture.mjs";
import { SCREENS, show, still } from "./support/screens.mjs";

const conversation = SCREENS.find(({ name }) => name === "conversation");
const WORKER = "**/highlight.worker-*.js";

/** The code of the page: its words, where it is, and how many of its pieces have a colour. */
const read = (page) =>
  page.evaluate(() => {
    const code = document.querySelector(".code pre");
    const { top, height, width } = code.getBoundingClientRect();
    return {
      text: code.textContent,
      box: [top, height, width],
      coloured: code.querySelectorAll("span").length,
    };
  });

describe("code in messages", { skip: lacking }, () => {
  const ends = new Ends();
  let browser;
  let fixture;

  before(async () => {
    browser = await startBrowser();
    ends.push(() => browser.close());
    fixture = await startFixture(ends);
  });
  after(() => ends.all());

  it("is plain until a worker has coloured it, and stays where it is", async () => {
    const watched = await openPage(browser, fixture.url, {});
    const { page } = watched;
    try {
      let go;
      const held = new Promise((release) => {
        go = release;
      });
      await page.route(WORKER, async (route) => {
        await held;
        await route.continue();
      });
      const started = page.waitForEvent("worker");
      const shown = show(page, fixture, conversation);
      await page.locator(".code pre[data-colouring]").first().waitFor();
      await page.waitForFunction(() => document.documentElement.dataset.arrived === "");
      await still(page);
      const plain = await read(page);
      assert.equal(plain.coloured, 0);
      go();
      await shown;
      assert.match((await started).url(), /highlight\.worker/);
      const coloured = await read(page);
      assert.ok(coloured.coloured > 3, JSON.stringify(coloured));
      assert.deepEqual([coloured.text, coloured.box], [plain.text, plain.box]);
      await watched.clean();
    } finally {
      await watched.close();
    }
  });

  it("is coloured by the page where no worker can be had", async () => {
    const { page, close } = await openPage(browser, fixture.url, {});
    try {
      await page.route(WORKER, (route) => route.abort());
      await show(page, fixture, conversation);
      assert.ok((await read(page)).coloured > 3);
    } finally {
      await close();
    }
  });
});

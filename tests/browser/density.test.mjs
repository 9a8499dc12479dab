// Rows closer together: what is lower, what stays, and that everything still has its room.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { lacking, openPage, startBrowser } from "./support/chromium.mjs";
import { Ends } from "./support/engine.mjs";
import { startFixture } from "./support/fixture.mjs";
import { overflow, targets } from "./support/judge.mjs";
import { SCREENS, settled, show } from "./support/screens.mjs";

const WIDE = { width: 1280, height: 800 };
const NARROW = { width: 480, height: 560 };
const named = (wanted) => SCREENS.find(({ name }) => name === wanted);

/** Height and size of text of the first element with a test id. */
async function measure(page, testid) {
  return page
    .locator(`[data-testid=${testid}]`)
    .first()
    .evaluate((each) => {
      const sizes = [each, ...each.querySelectorAll("*")].map((part) => getComputedStyle(part));
      return {
        height: each.getBoundingClientRect().height,
        text: [...new Set(sizes.map(({ fontSize }) => fontSize))].sort(),
      };
    });
}

describe("density", { skip: lacking }, () => {
  const ends = new Ends();
  let browser;
  let fixture;

  before(async () => {
    browser = await startBrowser();
    ends.push(() => browser.close());
    fixture = await startFixture(ends);
  });
  after(() => ends.all());

  it("compact rows are lower, with text of the same size", async () => {
    const watched = await openPage(browser, fixture.url, {});
    const { page } = watched;
    try {
      const looks = [];
      for (const compact of [false, true]) {
        await show(page, fixture, named("conversation"), { compact });
        const found = { message: await measure(page, "message") };
        found.session = await measure(page, "session-row");
        found.watched = await measure(page, "watch-row");
        looks.push(found);
      }
      const [usual, compact] = looks;
      assert.deepEqual([usual.session.height, compact.session.height], [52, 40]);
      assert.deepEqual([usual.watched.height, compact.watched.height], [52, 40]);
      assert.ok(compact.message.height < usual.message.height, JSON.stringify(looks));
      for (const part of ["message", "session", "watched"]) {
        assert.deepEqual(compact[part].text, usual[part].text);
      }
      await watched.clean();
    } finally {
      await watched.close();
    }
  });

  it("it is chosen in the settings, and who is at the end of a conversation stays there", async () => {
    const watched = await openPage(browser, fixture.url, {});
    const { page } = watched;
    const list = page.getByRole("log");
    const fromEnd = () =>
      list.evaluate((each) => each.scrollHeight - each.scrollTop - each.clientHeight);
    try {
      await show(page, fixture, named("conversation"));
      for (const [density, height] of [
        ["compact", 40],
        ["comfortable", 52],
      ]) {
        await page.keyboard.press("Control+,");
        await page.locator(`[data-testid=density] [data-value=${density}]`).click();
        await page.keyboard.press("Escape");
        await list.waitFor();
        await settled(page);
        assert.equal((await measure(page, "session-row")).height, height);
        assert.ok((await fromEnd()) < 1, density);
      }
      await watched.clean();
    } finally {
      await watched.close();
    }
  });

  it("compact: nothing reaches out of a narrow page, and no target is under 24 px", async () => {
    const watched = await openPage(browser, fixture.url, {});
    const { page } = watched;
    const found = [];
    const check = async (screen, size) => {
      await page.setViewportSize(WIDE);
      await show(page, fixture, screen, { lang: "de", compact: true });
      await page.setViewportSize(size);
      await settled(page);
      const lines = [...(await overflow(page)), ...(await targets(page))];
      found.push(...lines.map((line) => `${screen.name}, ${size.width} wide: ${line}`));
    };
    try {
      for (const screen of SCREENS) await check(screen, NARROW);
      for (const name of ["conversation", "alerts"]) await check(named(name), WIDE);
      assert.deepEqual(found, []);
      await watched.clean();
    } finally {
      await watched.close();
    }
  });
});

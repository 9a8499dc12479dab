// Every screen and dialog, in both themes and languages: what axe says, whether anything reaches
// out of the page at the widths and the zoom that it promises, and whether it is at rest.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { lacking, openPage, startBrowser } from "./support/chromium.mjs";
import { Ends } from "./support/engine.mjs";
import { startFixture } from "./support/fixture.mjs";
import { covered, cutOff, overflow, squeezed, violations, windowButtons } from "./support/judge.mjs";
import { ONE_COLUMN, SCREENS, settled, show } from "./support/screens.mjs";

/**
 * Sizes in CSS pixels. At 200 % a window of 1280×800 has room for 640×400, and the least window for
 * 320×280. The last is the least one at 100 %.
 */
const SIZES = [
  { width: 1280, height: 800 },
  { width: 760, height: 640 },
  { width: 640, height: 400 },
  { width: 320, height: 280 },
  { width: 480, height: 560 },
];

/** For the page: notes what begins to move. */
function noteMotion() {
  window.moved = [];
  const note = ({ target }) => {
    for (const motion of target.getAnimations({ subtree: true })) {
      const name = motion.animationName ?? motion.transitionProperty;
      if (motion.effect.getComputedTiming().activeDuration > 0) window.moved.push(name);
    }
  };
  for (const event of ["animationstart", "transitionrun"]) addEventListener(event, note, true);
}

describe("screens", { skip: lacking }, () => {
  const ends = new Ends();
  let browser;
  let fixture;

  before(async () => {
    browser = await startBrowser();
    ends.push(() => browser.close());
    fixture = await startFixture(ends);
  });
  after(() => ends.all());

  /** Runs a check over all screens, each drawn anew, and gathers what it finds. */
  const over = async (options, look, check, screens = SCREENS) => {
    const watched = await openPage(browser, fixture.url, options);
    await watched.page.addInitScript(noteMotion);
    const found = [];
    try {
      for (const screen of screens) {
        await show(watched.page, fixture, screen, look);
        for (const line of await check(watched.page)) found.push(`${screen.name}: ${line}`);
      }
      assert.deepEqual(found, []);
      await watched.clean();
    } finally {
      await watched.close();
    }
  };

  for (const theme of ["light", "dark"]) {
    for (const lang of ["en", "de"]) {
      it(`${theme}, ${lang}: no violations of WCAG 2.2 AA`, () =>
        over({}, { theme, lang }, violations));
    }
  }

  for (const lang of ["en", "de"]) {
    it(`${lang}: nothing reaches out of the page or is out of reach, in no size of the window`, () =>
      over({}, { lang }, async (page) => {
        const found = [];
        await windowButtons(page);
        for (const size of SIZES) {
          await page.setViewportSize(size);
          await settled(page);
          const lines = [
            ...(await overflow(page)),
            ...(await cutOff(page)),
            ...(await squeezed(page)),
            ...(await covered(page)).map((control) => `${control} is below the window's buttons`),
          ];
          found.push(...lines.map((line) => `${size.width} wide, ${line}`));
        }
        await page.setViewportSize(SIZES[0]);
        return found;
      }));
  }

  for (const lang of ["en", "de"]) {
    it(`${lang}, one column: no violations of WCAG 2.2 AA, and nothing reaches out of the page`, () => {
      const check = async (page) => [...(await violations(page)), ...(await overflow(page))];
      return over({ viewport: SIZES.at(-1) }, { lang }, check, ONE_COLUMN);
    });
  }

  it("a part of the program that cannot be had is told, and locks nothing", async () => {
    const { page, close } = await openPage(browser, fixture.url, {});
    try {
      await page.route("**/later-*.js", (route) => route.abort());
      const conversation = SCREENS.find(({ name }) => name === "conversation");
      for (const keys of ["Control+Shift+A", "Control+,"]) {
        await show(page, fixture, conversation);
        await page.locator("[data-testid=composer]").first().focus();
        await page.keyboard.press(keys);
        await page.locator("[data-testid=toast]").first().waitFor();
        await page.waitForFunction(() => !document.querySelector(".window").inert);
        // The keys mean what they did before.
        await page.keyboard.press("Control+k");
        await page.locator("[data-testid=palette-input]").waitFor();
      }
    } finally {
      await close();
    }
  });

  it("colours chosen by the system: no violations of WCAG 2.2 AA", () =>
    over({ forcedColors: "active" }, {}, violations));

  it("without motion nothing moves, at no time", () =>
    over({ reducedMotion: "reduce" }, {}, (page) => page.evaluate(() => window.moved)));
});

// Motion: as the system says, or reduced by the setting, which is kept, found and undone.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { lacking, startBrowser } from "./support/chromium.mjs";
import { Ends } from "./support/engine.mjs";
import { Person } from "./support/person.mjs";

const REDUCED = "[data-testid=motion] [data-value=reduced]";

/** Runs in the page: what moves from now on, by its name. */
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

describe("motion", { skip: lacking }, () => {
  const ends = new Ends();
  /** @type {Person} */
  let alice;

  /** Opens and closes what moves, and tells what did. */
  const moved = async () => {
    await alice.page.evaluate(noteMotion);
    await alice.press("Control+k");
    await alice.see("palette-input");
    await alice.press("Escape");
    await alice.gone("palette-input");
    await alice.click("session-menu");
    await alice.page.getByRole("menu").waitFor();
    await alice.press("Escape");
    await alice.page.getByRole("menu").waitFor({ state: "hidden" });
    await alice.click("tab-market");
    await alice.page.evaluate(
      () => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))),
    );
    return alice.page.evaluate(() => window.moved);
  };
  const isReduced = () => alice.until(() => document.documentElement.dataset.motion === "reduced");

  before(async () => {
    const browser = await startBrowser();
    ends.push(() => browser.close());
    alice = await Person.start(browser, ends);
    await alice.click("welcome-local");
    await alice.see("composer");
    await alice.newSession("Dance");
  });
  after(() => ends.all());

  it("is there, and gone where the system asks for less", async () => {
    assert.notDeepEqual(await moved(), []);
    await alice.page.emulateMedia({ reducedMotion: "reduce" });
    assert.deepEqual(await moved(), []);
    await alice.page.emulateMedia({ reducedMotion: "no-preference" });
    assert.notDeepEqual(await moved(), []);
  });

  it("is gone by the setting, which a search of the settings finds and a reload keeps", async () => {
    await alice.press("Control+,");
    await alice.see("settings");
    await alice.press("Control+f");
    await alice.type("motion");
    await alice.click("settings-show");
    await alice.page.locator(REDUCED).click();
    await isReduced();
    await alice.click("settings-close");
    assert.deepEqual(await moved(), []);
    await alice.page.reload();
    await alice.see("composer");
    await isReduced();
    assert.deepEqual(await moved(), []);
  });

  it("is back when that is undone", async () => {
    await alice.press("Control+,");
    await alice.page.locator("[data-testid=motion] [data-value=system]").click();
    await alice.until(() => document.documentElement.dataset.motion === "system");
    await alice.click("settings-undo");
    await isReduced();
    await alice.click("settings-redo");
    await alice.until(() => document.documentElement.dataset.motion === "system");
    await alice.click("settings-close");
    assert.notDeepEqual(await moved(), []);
    await alice.watched.clean();
  });
});

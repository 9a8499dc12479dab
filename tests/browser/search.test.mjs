// Searching all sessions: the field, the filters, the hit in its conversation, what was meant.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { lacking, startBrowser } from "./support/chromium.mjs";
import { Ends } from "./support/engine.mjs";
import { overflow, violations } from "./support/judge.mjs";
import { Person } from "./support/person.mjs";

const on = (testid) => `[data-testid=${testid}]`;

describe("searching all sessions", { skip: lacking }, () => {
  const ends = new Ends();
  /** @type {Person} */
  let alice;

  const results = () => alice.get("result");
  const count = (many) =>
    alice.until((many) => document.querySelectorAll("[data-testid=result]").length === many, many);
  const choose = async (part, text) => {
    await alice.page.locator(on(`filter-${part}`)).focus();
    await alice.press("Enter");
    const option = alice.get(`filter-${part}-option`).filter({ hasText: text }).first();
    await option.focus();
    await alice.press("Enter");
  };

  before(async () => {
    const browser = await startBrowser();
    ends.push(() => browser.close());
    alice = await Person.start(browser, ends);
    await alice.click("welcome-local");
    await alice.see("composer");
    await alice.newSession("Garden");
    await alice.say("The retention basin is full");
    await alice.say("See https://example.org/basin");
    await alice.newSession("Kitchen");
    await alice.say("A basin for the dishes");
    await alice.state("A basin for the dishes", "delivered");
  });
  after(() => ends.all());

  it("opens with its keys, the focus in its field", async () => {
    await alice.press("Control+Shift+F");
    await alice.focusOn(on("search-field"), "Ctrl+Shift+F");
    await alice.type("basin");
    await count(3);
    assert.equal(await alice.page.locator(`${on("results")} h2`).count(), 2);
  });

  it("reads the chosen hit in its conversation, with the words marked", async () => {
    await alice.press("ArrowDown");
    await alice.focusOn(on("result"), "ArrowDown");
    await alice.press("End");
    const context = alice.get("context");
    await context.locator("[aria-current] mark").filter({ hasText: "basin" }).waitFor();
    await context.getByText("The retention basin is full").waitFor();
    assert.deepEqual(await violations(alice.page), []);
    assert.deepEqual(await overflow(alice.page), []);
  });

  it("narrows by filters with the keyboard, and lets go of them", async () => {
    await choose("session", "Garden");
    await count(2);
    await choose("kind", "links");
    await count(1);
    await results().filter({ hasText: "example.org" }).waitFor();
    await choose("time", "Before this year");
    await count(0);
    await alice.click("filter-clear");
    await count(3);
    await choose("from", "Assistant");
    await count(0);
    await alice.click("filter-from");
    await count(3);
  });

  it("says what may have been meant", async () => {
    await alice.press("Control+Shift+F");
    await alice.focusOn(on("search-field"), "Ctrl+Shift+F again");
    await alice.type("retnetion");
    await alice.get("suggestion").filter({ hasText: "retention" }).click();
    await count(1);
  });

  it("opens the hit with Enter, and leaves with Escape", async () => {
    await alice.press("Control+Shift+F");
    await alice.press("Enter");
    await alice.focusOn(on("result"), "Enter in the field");
    await alice.press("Enter");
    await alice.gone("results");
    await alice.message("The retention basin is full").first().waitFor();
    await alice.press("Control+Shift+F");
    await alice.see("results");
    await alice.press("Escape");
    await alice.gone("results");
    await alice.focusOn(on("composer"), "leaving the search");
  });

  it("has its field on the page where there is one column", async () => {
    await alice.page.setViewportSize({ width: 480, height: 640 });
    await alice.press("Control+Shift+F");
    await alice.focusOn(on("search-field"), "Ctrl+Shift+F in one column");
    await alice.type("dishes");
    await count(1);
    assert.deepEqual(await overflow(alice.page), []);
    assert.deepEqual(await violations(alice.page), []);
    await results().click();
    await alice.message("A basin for the dishes").first().waitFor();
  });
});

// Finding in a session: what is typed is sought as it stands, and in this session alone.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { lacking, startBrowser } from "./support/chromium.mjs";
import { Ends } from "./support/engine.mjs";
import { Person } from "./support/person.mjs";

/** A name that reads as an operator and has quotes. */
const TITLE = 'in:box "of" before:noon';
const TEXTS = [
  "The letter lies in:box since from:alice left",
  'He said "good evening" before:noon, has:nothing to add',
  "A plain line about a letter",
];

describe("finding in a session", { skip: lacking }, () => {
  const ends = new Ends();
  /** @type {Person} */
  let alice;

  before(async () => {
    const browser = await startBrowser();
    ends.push(() => browser.close());
    alice = await Person.start(browser, ends);
    await alice.click("welcome-local");
    await alice.see("composer");
    await alice.newSession("box");
    for (const text of TEXTS) await alice.say(text);
    await alice.state(TEXTS.at(-1), "delivered");
    await alice.newSession(TITLE);
    for (const text of TEXTS) await alice.say(text);
    await alice.state(TEXTS.at(-1), "delivered");
    await alice.press("Control+f");
    await alice.see("find-input");
  });
  after(() => ends.all());

  for (const [typed, many] of [
    ["letter", 2],
    ["lett", 2],
    ["in:box", 1],
    ["in:box letter", 1],
    ["from:alice", 1],
    ["before:noon", 1],
    ["has:nothing", 1],
    ['"good evening"', 1],
    ['"good evening" before:noon', 1],
    ['"good eve', 1],
  ]) {
    it(`finds ${typed}`, async () => {
      await alice.fill("find-input", typed);
      await alice.page.locator("[data-testid=find-count]", { hasText: `1 of ${many}` }).waitFor();
    });
  }

  it("finds nothing that only another session has, by its name or otherwise", async () => {
    await alice.fill("find-input", "in:elsewhere letter");
    await alice.page.locator("[data-testid=find-count]", { hasText: "Nothing found" }).waitFor();
  });

  it("stays in this session", async () => {
    assert.equal(await alice.page.getByRole("heading", { level: 1 }).textContent(), TITLE);
    await alice.watched.clean();
  });
});

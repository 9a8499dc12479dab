// One person with the local workspace: every main flow, by pointer.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { lacking, startBrowser } from "./support/chromium.mjs";
import { Ends } from "./support/engine.mjs";
import { overflow } from "./support/judge.mjs";
import { Person } from "./support/person.mjs";
import { settled } from "./support/screens.mjs";

describe("the local workspace", { skip: lacking }, () => {
  const ends = new Ends();
  /** @type {Person} */
  let alice;

  before(async () => {
    const browser = await startBrowser();
    ends.push(() => browser.close());
    alice = await Person.start(browser, ends);
  });
  after(() => ends.all());

  it("starts with a choice, and opens with one click", async () => {
    await alice.see("welcome");
    await alice.click("welcome-local");
    await alice.see("composer");
    await alice.page.getByTestId("connection").first().waitFor();
  });

  it("makes a session, which is open at once and has the focus", async () => {
    await alice.newSession("Lunch plans");
    await alice.focusOn("[data-testid=composer]", "making a session");
  });

  it("sends messages, as they were written", async () => {
    await alice.say("Soup at noon");
    await alice.state("Soup at noon", "delivered");
    await alice.say("<b>not bold</b> and **not bold**");
    await alice.message("<b>not bold</b> and **not bold**").first().waitFor();
  });

  it("hears the assistant", async () => {
    await alice.say("/price BTC");
    await alice.page
      .locator("[data-testid=message][data-own=false]")
      .filter({ hasText: "BTC" })
      .first()
      .waitFor();
  });

  it("asks the assistant with a command from the list, by pointer", async () => {
    await alice.click("slash-open");
    await alice.see("slash-list");
    await alice.page.locator("[data-testid=slash-option][data-value=price]").click();
    await alice.focusOn("[data-testid=composer]", "choosing a command");
    await alice.page.locator("[data-testid=slash-option][data-value=ETH]").click();
    assert.equal(await alice.get("composer").inputValue(), "/price ETH");
    await alice.click("send");
    await alice.page
      .locator("[data-testid=message][data-own=false]")
      .filter({ hasText: "ETH is at $" })
      .first()
      .waitFor();
  });

  it("has the assistant set an alert, which is there at once", async () => {
    await alice.say("/alert BTC above 9 000 000");
    await alice.click("tab-alerts");
    await alice.get("alert-row").filter({ hasText: "9,000,000" }).waitFor();
    await alice.get("alert-row").first().getByRole("button", { name: "More" }).click();
    await alice.click("alert-delete");
    await alice.click("confirm-action");
    await alice.gone("alert-row");
  });

  it("keeps the buttons of an alert where they are while it finds out what the rule would do", async () => {
    await alice.page.evaluate(() => {
      window.tops = new Set();
      const look = () => {
        const button = document.querySelector("[data-testid=alert-create]");
        if (button) window.tops.add(Math.round(button.getBoundingClientRect().top));
        window.looking = requestAnimationFrame(look);
      };
      look();
    });
    await alice.click("alert-new");
    await alice.until(() => document.getAnimations().length === 0);
    await alice.page.evaluate(() => window.tops.clear());
    for (const price of ["9000000", "", "8000000"]) {
      await alice.fill("alert-price", price);
      if (price === "") await alice.gone("alert-past");
      else await alice.see("alert-past");
    }
    await alice.see("alert-message-preview");
    const tops = await alice.page.evaluate(() => {
      cancelAnimationFrame(window.looking);
      return [...window.tops];
    });
    assert.equal(tops.length, 1, `the button was at ${tops}`);
    await alice.press("Escape");
    await alice.click("alert-leave");
    await alice.gone("alert-editor");
  });

  it("acts with a command, and says nothing to anybody", async () => {
    const before = await alice.get("message").count();
    await alice.say("/rename Lunch, moved");
    await alice.page.getByRole("heading", { level: 1, name: "Lunch, moved" }).waitFor();
    await alice.say("/rename Lunch plans");
    await alice.page.getByRole("heading", { level: 1, name: "Lunch plans" }).waitFor();
    await alice.say("/unwatch XRP");
    await alice.get("toast").getByRole("button", { name: "Undo" }).click();
    await alice.say("/chart SOL 1h");
    await alice.page.getByRole("radio", { name: "1H", checked: true }).waitFor();
    await alice.say("/watch DOGE");
    await alice.see("slash-problem");
    assert.equal(await alice.get("composer").inputValue(), "/watch DOGE");
    await alice.fill("composer", "");
    assert.equal(await alice.get("message").count(), before);
  });

  it("changes a message, and keeps it changed", async () => {
    await alice.say("Meet at one");
    await alice.state("Meet at one", "delivered");
    await alice.message("Meet at one").first().hover();
    await alice.message("Meet at one").first().getByTestId("message-edit").click();
    await alice.fill("message-edit-box", "Meet at two");
    await alice.get("message-edit-box").press("Enter");
    await alice.state("Meet at two", "delivered");
    assert.equal(await alice.message("Meet at one").count(), 0);
    await alice.page.reload();
    await alice.message("Meet at two").first().waitFor();
  });

  it("quotes a message, and goes to it from the quote", async () => {
    await alice.message("Meet at two").first().hover();
    await alice.message("Meet at two").first().getByTestId("message-reply").click();
    await alice.say("Agreed");
    await alice.state("Agreed", "delivered");
    await alice.message("Agreed").first().getByTestId("message-quote").click();
    await alice.page.locator("[data-testid=message].marked", { hasText: "Meet at two" }).waitFor();
  });

  it("deletes a message after asking", async () => {
    await alice.say("A slip of the pen");
    await alice.state("A slip of the pen", "delivered");
    const slip = alice.message("A slip of the pen").first();
    await slip.hover();
    await slip.getByTestId("message-more").click();
    await alice.click("message-delete");
    await alice.click("confirm-action");
    await slip.waitFor({ state: "detached" });
    await alice.until(() => document.activeElement !== document.body);
    await alice.focused("deleting a message");
  });

  it("finds in the session with a counter, and in all with the palette", async () => {
    await alice.press("Control+f");
    await alice.fill("find-input", "soup");
    await alice.get("find-count").filter({ hasText: "1" }).waitFor();
    await alice.press("Escape");
    await alice.newSession("Elsewhere");
    await alice.press("Control+k");
    await alice.fill("palette-input", "agreed");
    const hit = alice.page.locator("[data-option^=message-]").first();
    await hit.waitFor();
    await hit.click();
    await alice.page.getByRole("heading", { level: 1, name: "Lunch plans" }).waitFor();
    await alice.page.locator("[data-testid=message].marked", { hasText: "Agreed" }).waitFor();
  });

  it("runs an action from the palette", async () => {
    await alice.press("Control+k");
    await alice.fill("palette-input", ">settings");
    await alice.press("Enter");
    await alice.see("settings");
    await alice.press("Escape");
    await alice.gone("settings");
    await alice.focused("leaving the settings");
  });

  it("makes an alert that the feed fires", async () => {
    await alice.click("tab-alerts");
    await alice.click("alert-new");
    await alice.see("alert-editor");
    await alice.click("alert-kind");
    await alice.page.locator("[role=menuitemradio][data-value=step]").click();
    // The simulated price of a bitcoin passes a whole dollar with nearly every step.
    await alice.fill("alert-step", "1");
    await alice.click("alert-create");
    await alice.see("alert-row");
    await alice.see("alert-history-row");
    await alice.focused("an alert was made");
  });

  it("changes the look at once, and back", async () => {
    await alice.click("settings-open");
    await alice.click("theme-dark");
    await alice.until(() => document.documentElement.dataset.theme === "dark");
    await alice.click("theme-light");
    await alice.until(() => document.documentElement.dataset.theme === "light");
    await alice.get("language").locator("[data-value=de]").click();
    await alice.until(() => document.documentElement.lang === "de");
    await alice.get("language").locator("[data-value=en]").click();
    await alice.until(() => document.documentElement.lang.startsWith("en"));
    await alice.click("settings-close");
    await alice.see("composer");
  });

  it("archives a session, and takes it back with the toast", async () => {
    await alice.open("Elsewhere");
    await alice.page.getByRole("heading", { level: 1, name: "Elsewhere" }).waitFor();
    await alice.click("session-menu");
    await alice.page.getByRole("menuitem", { name: "Archive" }).click();
    await alice.see("composer-closed");
    for (const width of [1280, 800, 480]) {
      await alice.page.setViewportSize({ width, height: 720 });
      await alice.get("toast").hover();
      assert.deepEqual(await overflow(alice.page), [], `${width} wide`);
      const covered = await alice.page.evaluate(() => {
        const box = (css) => document.querySelector(css)?.getBoundingClientRect();
        const [told, field] = [box("[data-testid=toast]"), box("[data-region=composer]")];
        const apart = (one, other) => one.bottom <= other.top || one.right <= other.left;
        return field !== undefined && !apart(told, field) && !apart(field, told);
      });
      assert.equal(covered, false, `the toast covers the composer, ${width} wide`);
    }
    await alice.page.setViewportSize({ width: 1280, height: 800 });
    await alice.get("toast").getByRole("button", { name: "Undo" }).click();
    await alice.see("composer");
  });

  it("keeps what was written for later with its session", async () => {
    await alice.fill("composer", "half a thou");
    await alice.open("Lunch plans");
    await alice.get("session-row").filter({ hasText: "half a thou" }).waitFor();
    await alice.open("Elsewhere");
    await alice.until(
      () => document.querySelector("[data-testid=composer]")?.value === "half a thou",
    );
    await alice.fill("composer", "");
  });

  it("fits the page at every width, down to the smallest window", async () => {
    for (const [width, height] of [
      [1280, 800],
      [760, 640],
      [480, 560],
    ]) {
      await alice.page.setViewportSize({ width, height });
      await settled(alice.page);
      assert.deepEqual(await overflow(alice.page), [], `${width} wide`);
    }
  });

  it("did nothing else: no dialog, no error, no other origin", () => alice.watched.clean());
});

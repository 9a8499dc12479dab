// One whole flow without a pointer: the focus is somewhere one can see at every step, and never
// lost when a dialog, a menu or a message goes.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { lacking, startBrowser } from "./support/chromium.mjs";
import { Ends } from "./support/engine.mjs";
import { Person } from "./support/person.mjs";

const on = (testid) => `[data-testid="${testid}"]`;

describe("by keyboard alone", { skip: lacking }, () => {
  const ends = new Ends();
  /** @type {Person} */
  let alice;

  before(async () => {
    const browser = await startBrowser();
    ends.push(() => browser.close());
    alice = await Person.start(browser, ends);
    await alice.see("welcome");
  });
  after(() => ends.all());

  it("opens the local workspace", async () => {
    await alice.tabTo(on("welcome-local"));
    await alice.press("Enter");
    await alice.focusOn(on("composer"), "opening the workspace");
  });

  it("makes a session, gives up another", async () => {
    await alice.press("Control+n");
    await alice.focusOn(on("session-name"), "Ctrl+N");
    await alice.type("By hand");
    await alice.press("Enter");
    await alice.page.getByRole("heading", { level: 1, name: "By hand" }).waitFor();
    await alice.focusOn(on("composer"), "making a session");
    await alice.press("Control+n");
    await alice.focusOn(on("session-name"), "Ctrl+N");
    await alice.press("Escape");
    await alice.focusOn(on("composer"), "giving up a session");
  });

  it("keeps the focus in a dialog", async () => {
    await alice.press("Control+n");
    await alice.focusOn(on("session-name"), "Ctrl+N");
    let outside = 0;
    for (let step = 0; step < 8; step += 1) {
      await alice.press("Tab");
      const at = await alice.page.evaluate(() => {
        const { activeElement: focused, body } = document;
        if (focused === body) return "browser";
        return focused?.closest("[role=dialog]") ? "dialog" : "page";
      });
      assert.notEqual(at, "page", `Tab ${step + 1} left the dialog`);
      // Between the last control and the first the browser itself has its turn.
      outside = at === "browser" ? outside + 1 : 0;
      assert.ok(outside <= 1, `Tab ${step + 1} found nothing in the dialog`);
    }
    await alice.press("Escape");
    await alice.focusOn(on("composer"), "leaving the dialog");
  });

  /** From the composer back to the newest message, and up to the newest of one's own. */
  const toOwnNewest = async () => {
    await alice.tabTo(on("message"), "Shift+Tab");
    await alice.tabTo(`${on("message")}[data-own=true]`, "ArrowUp");
  };

  it("writes, changes, quotes and deletes messages", async () => {
    await alice.type("First words");
    await alice.press("Enter");
    await alice.state("First words", "delivered");
    await alice.focusOn(on("composer"), "sending");
    await alice.press("Shift+F6");
    await alice.focused("Shift+F6");
    await alice.tabTo(`${on("message")}[data-own=true]`, "ArrowUp");
    await alice.press("r");
    await alice.focusOn(on("composer"), "R on a message");
    await alice.type("Second words");
    await alice.press("Enter");
    await alice.state("Second words", "delivered");
    await alice.see("message-quote");

    await toOwnNewest();
    await alice.tabTo(on("message-edit"));
    await alice.press("Enter");
    await alice.focusOn(on("message-edit-box"), "editing");
    await alice.type(", changed");
    await alice.press("Enter");
    await alice.focusOn(on("composer"), "saving a change");
    await alice.state("Second words, changed", "delivered");

    await toOwnNewest();
    await alice.press("Delete");
    await alice.see("confirm");
    await alice.focused("Del on a message");
    await alice.tabTo(on("confirm-action"));
    await alice.press("Enter");
    await alice.message("Second words, changed").first().waitFor({ state: "detached" });
    await alice.until(() => document.activeElement !== document.body);
    await alice.focused("deleting a message");
  });

  it("chooses a command, completes it, gives one up, and keeps the focus", async () => {
    await alice.press("Escape");
    await alice.focusOn(on("composer"), "Esc on a message");
    await alice.type("/");
    await alice.see("slash-list");
    await alice.focusOn(on("composer"), "a slash");
    const chosen = () =>
      alice.page.evaluate(() => {
        const id = document.activeElement?.getAttribute("aria-activedescendant");
        return id ? document.getElementById(id)?.dataset.value : undefined;
      });
    assert.equal(await chosen(), "alert");
    await alice.press("ArrowUp");
    const last = await chosen();
    await alice.press("ArrowDown");
    assert.equal(await chosen(), "alert");
    assert.notEqual(last, "alert");
    await alice.type("no such thing");
    await alice.gone("slash-list");
    await alice.page.keyboard.press("Control+a");
    await alice.type("/pri");
    await alice.press("Tab");
    assert.equal(await alice.get("composer").inputValue(), "/price ");
    await alice.press("Escape");
    await alice.gone("slash");
    assert.equal(await alice.get("composer").inputValue(), "/price ");
    await alice.focusOn(on("composer"), "leaving the list");
    await alice.page.keyboard.press("Control+a");
    await alice.type("/date ");
    await alice.press("Enter");
    await alice.focusOn(on("date-field"), "a command that opens a dialog");
    await alice.press("Escape");
    await alice.focusOn(on("composer"), "leaving the dialog");
    assert.equal(await alice.get("composer").inputValue(), "");
    await alice.type("/find First");
    await alice.press("Enter");
    await alice.focusOn(on("find-input"), "a command that finds");
    await alice.get("find-count").filter({ hasText: "1" }).waitFor();
    await alice.press("Escape");
    await alice.focusOn(on("composer"), "leaving the search");
    // What is no command is a message.
    await alice.type("/etc/hosts");
    await alice.press("Enter");
    await alice.state("/etc/hosts", "delivered");
  });

  it("goes from region to region and around", async () => {
    // What is told for a while is one more.
    await alice.gone("toast");
    const regions = new Set();
    for (let step = 0; step < 5; step += 1) {
      await alice.press("F6");
      await alice.focused("F6");
      regions.add(
        await alice.page.evaluate(
          () => document.activeElement?.closest("[data-region]")?.dataset.region,
        ),
      );
    }
    assert.deepEqual([...regions].sort(), ["composer", "messages", "panel", "sidebar", "status"]);
  });

  it("finds in the session and comes back", async () => {
    await alice.press("Control+f");
    await alice.focusOn(on("find-input"), "Ctrl+F");
    await alice.type("first");
    await alice.get("find-count").filter({ hasText: "1" }).waitFor();
    await alice.press("Escape");
    await alice.focusOn(on("composer"), "leaving the search");
  });

  it("takes what is typed right behind the key that opens the palette, also the first time", async () => {
    await alice.page.reload();
    await alice.see("composer");
    await alice.press("Control+k");
    await alice.type("first");
    await alice.until(
      (field) => document.querySelector(field)?.value === "first",
      on("palette-input"),
    );
    await alice.press("Escape");
    await alice.see("composer");
  });

  it("chooses in the palette, and leaves it", async () => {
    await alice.press("Control+k");
    await alice.focusOn(on("palette-input"), "Ctrl+K");
    await alice.press("Escape");
    await alice.focusOn(on("composer"), "leaving the palette");
    await alice.press("Control+k");
    await alice.type("first");
    await alice.page.locator("[data-option^=message-]").first().waitFor();
    await alice.press("Control+Enter");
    await alice.see("result");
    await alice.focusOn(on("result"), "all results");
    await alice.press("Escape");
    await alice.see("composer");
    await alice.until(() => document.activeElement !== document.body);
  });

  it("renames and archives a session from its menu", async () => {
    await alice.tabTo(on("session-menu"), "Shift+Tab");
    await alice.press("Enter");
    await alice.focusOn("[role^=menuitem]", "opening a menu");
    await alice.press("Escape");
    await alice.focusOn(on("session-menu"), "closing a menu");
    await alice.press("Enter");
    await alice.focusOn("[role^=menuitem]", "opening a menu");
    for (let step = 0; step < 12; step += 1) {
      if (
        await alice.page.evaluate((at) => document.activeElement?.matches(at), on("session-rename"))
      ) {
        break;
      }
      await alice.press("ArrowDown");
      assert.ok((await alice.focused("an arrow in a menu")).seen);
    }
    await alice.press("Enter");
    await alice.focusOn(on("session-name"), "Rename");
    await alice.type("With another name");
    await alice.press("Enter");
    await alice.page.getByRole("heading", { level: 1, name: "With another name" }).waitFor();
    await alice.until(() => document.activeElement !== document.body);
    await alice.focused("renaming");
  });

  it("archives a session, and takes it back in the toast", async () => {
    await alice.tabTo(on("session-menu"), "Shift+Tab");
    await alice.press("Enter");
    await alice.focusOn("[role^=menuitem]", "opening a menu");
    const toArchive = "[data-testid=session-archive]";
    for (let step = 0; step < 12; step += 1) {
      if (await alice.page.evaluate((at) => document.activeElement?.matches(at), toArchive)) break;
      await alice.press("ArrowDown");
      await alice.focused("an arrow in a menu");
    }
    await alice.press("Enter");
    await alice.see("toast");
    // Backwards it comes first: it does not stay for long.
    await alice.press("Shift+F6");
    await alice.focusOn(on("toast-action"), "Shift+F6");
    await alice.press("Enter");
    await alice.gone("toast");
    await alice.see("composer");
    await alice.until(() => document.activeElement !== document.body);
    await alice.focused("Undo in a toast");
  });

  it("leaves the settings for a session that is chosen in the palette", async () => {
    await alice.press("Control+,");
    await alice.see("settings");
    await alice.press("Control+k");
    await alice.type("#With another");
    await alice.page.locator("[data-option^=session-]").first().waitFor();
    await alice.press("Enter");
    await alice.gone("settings");
    await alice.focusOn(on("composer"), "choosing a session in the palette");
  });

  it("makes an alert, switches it off, deletes it", async () => {
    await alice.press("Control+Shift+A");
    await alice.focusOn(on("alert-price"), "Ctrl+Shift+A");
    await alice.page.keyboard.press("Control+a");
    await alice.type("1000000");
    await alice.get("alert-create").and(alice.page.locator(":enabled")).waitFor();
    await alice.press("Control+Enter");
    await alice.see("alert-row");
    await alice.gone("alert-editor");
    await alice.until(() => document.activeElement !== document.body);
    await alice.focused("making an alert");
    await alice.press("Control+Shift+L");
    // The list is one stop: a row's controls are reached by the arrows.
    await alice.tabTo(`${on("alert-row")} .text`);
    for (const _ of ["more", "switch"]) await alice.press("ArrowRight");
    await alice.focusOn(on("alert-enabled"), "arrows in the row of a rule");
    await alice.press("Space");
    await alice.page.locator(`${on("alert-enabled")}[aria-checked=false]`).waitFor();
    await alice.press("ArrowLeft");
    await alice.press("Enter");
    await alice.focusOn("[role^=menuitem]", "opening the menu of a rule");
    await alice.press("End");
    await alice.focusOn(on("alert-delete"), "End in a menu");
    await alice.press("Enter");
    await alice.see("confirm");
    await alice.tabTo(on("confirm-action"));
    await alice.press("Enter");
    await alice.gone("alert-row");
    await alice.until(() => document.activeElement !== document.body);
    await alice.focused("deleting a rule");
  });

  it("changes a setting and comes back", async () => {
    await alice.press("Control+,");
    await alice.see("settings");
    await alice.until(() => document.activeElement !== document.body);
    await alice.focused("Ctrl+,");
    await alice.tabTo(on("settings-chat"));
    await alice.press("Enter");
    await alice.tabTo(on("setting-enter_sends"));
    await alice.press("Space");
    await alice.page.locator(`${on("setting-enter_sends")}[aria-checked=false]`).waitFor();
    await alice.press("Space");
    await alice.page.locator(`${on("setting-enter_sends")}[aria-checked=true]`).waitFor();
    await alice.press("Escape");
    await alice.gone("settings");
    await alice.focusOn(on("composer"), "leaving the settings");
  });

  it("deletes the session it is in, and stays somewhere", async () => {
    await alice.tabTo(on("session-menu"), "Shift+Tab");
    await alice.press("Enter");
    await alice.focusOn("[role^=menuitem]", "opening a menu");
    await alice.press("End");
    await alice.press("Enter");
    await alice.see("confirm");
    await alice.tabTo(on("confirm-action"));
    await alice.press("Enter");
    await alice
      .get("session-row")
      .filter({ hasText: "With another name" })
      .waitFor({ state: "detached" });
    await alice.until(() => document.activeElement !== document.body);
    await alice.focused("deleting a session");
  });

  it("did nothing else: no dialog, no error, no other origin", () => alice.watched.clean());
});

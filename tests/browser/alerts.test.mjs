// The alert editor, with values that no list offers: what the engine keeps is what was typed.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { lacking, startBrowser } from "./support/chromium.mjs";
import { Ends } from "./support/engine.mjs";
import { Person } from "./support/person.mjs";

const on = (testid) => `[data-testid=${testid}]`;

describe("alerts with values of one's own", { skip: lacking }, () => {
  const ends = new Ends();
  /** @type {Person} */
  let alice;

  before(async () => {
    const browser = await startBrowser();
    ends.push(() => browser.close());
    alice = await Person.start(browser, ends);
    await alice.see("welcome");
    await alice.click("welcome-local");
    await alice.see("composer");
    await alice.click("tab-alerts");
  });
  after(() => ends.all());

  /** Chooses the own value of a list, by keys. */
  async function own(testid, field) {
    await alice.get(testid).focus();
    await alice.press("Enter");
    await alice.until(() => document.activeElement?.closest("[role=menu]") !== null);
    await alice.press("End");
    await alice.focusOn(on(`${testid}-own`), "End in a menu");
    await alice.press("Enter");
    await alice.focusOn(on(`${testid}-${field}`), "choosing an own value");
  }

  /** Asks the engine itself, by a socket of its own. */
  function asked(command, args = {}) {
    return alice.page.evaluate(
      ([name, sent]) =>
        new Promise((told, failed) => {
          const url = new URL("ws", location.href);
          url.protocol = "ws:";
          url.search = location.hash.slice(1);
          url.hash = "";
          const socket = new WebSocket(url);
          socket.onerror = () => failed(new Error("no socket"));
          socket.onopen = () => socket.send(JSON.stringify({ id: 1, command: name, args: sent }));
          socket.onmessage = ({ data }) => {
            const frame = JSON.parse(data);
            if (frame.id !== 1) return;
            socket.close();
            if ("ok" in frame) told(frame.ok);
            else failed(new Error(frame.error.message));
          };
        }),
      [command, args],
    );
  }

  it("takes a window, a pause and an end that are typed, by keyboard", async () => {
    await alice.click("alert-new");
    await alice.click("alert-kind");
    await alice.page.locator("[role=menuitemradio][data-value=rises]").click();
    await alice.fill("alert-percent", "12.5");
    await own("alert-window", "figure");
    await alice.type("37");
    // A rule that tells once has no pause.
    await alice.click("alert-repeat");
    await alice.page.locator("[role=menuitemradio][data-value=every]").click();
    await own("alert-cooldown", "figure");
    await alice.type("7");
    await alice.press("Tab");
    await alice.focusOn(on("alert-cooldown-unit"), "Tab");
    await own("alert-expires", "day");
    await alice.type("2099-12-31");
    await alice.press("Tab");
    await alice.focusOn(on("alert-expires-time"), "Tab");
    await alice.page.keyboard.press("Control+a");
    await alice.type("19:45");
    await alice.get("alert-create").and(alice.page.locator(":enabled")).waitFor();
    await alice.press("Control+Enter");
    await alice.gone("alert-editor");
    await alice.see("alert-row");
    const [rule] = await asked("rules");
    assert.deepEqual(rule.form.condition, {
      kind: "moves",
      percent: "12.5",
      window_s: 37 * 60,
      direction: "up",
    });
    assert.equal(rule.form.cooldown_s, 7 * 60);
    const end = await alice.page.evaluate(() => new Date(2099, 11, 31, 19, 45).getTime());
    assert.equal(rule.form.expires_at, end);
  });

  it("leaves them as they are when something else is changed", async () => {
    const [before] = await asked("rules");
    await alice.page.reload();
    await alice.click("tab-alerts");
    await alice.get("alert-row").getByText("37 min").click();
    await alice.see("alert-editor");
    await alice.fill("alert-percent", "13");
    await alice.get("alert-create").and(alice.page.locator(":enabled")).waitFor();
    await alice.click("alert-create");
    await alice.gone("alert-editor");
    const [after] = await asked("rules");
    before.form.condition.percent = "13";
    assert.deepEqual(after.form, before.form);
  });

  it("refuses what the engine refuses, and says the limits", async () => {
    await alice.click("alert-new");
    await alice.click("alert-kind");
    await alice.page.locator("[role=menuitemradio][data-value=stale]").click();
    await own("alert-window", "figure");
    await alice.type("0");
    const problem = alice.get("alert-editor").getByRole("alert");
    await problem.filter({ hasText: "1 second to 49,710 days" }).waitFor();
    await alice.fill("alert-window-figure", "49711");
    await alice.click("alert-window-unit");
    await alice.page.locator("[role=menuitemradio][data-value='86400']").click();
    await problem.filter({ hasText: "1 second to 49,710 days" }).waitFor();
    await alice.fill("alert-window-figure", "49710");
    await alice.get("alert-create").and(alice.page.locator(":enabled")).waitFor();
    await alice.click("alert-create");
    await alice.gone("alert-editor");
    const rules = await asked("rules");
    assert.deepEqual(rules.at(-1).form.condition, { kind: "stale", after_s: 4_294_944_000 });
  });

  it("is refused a margin by the engine, in its own words", async () => {
    await alice.click("alert-new");
    await alice.fill("alert-price", "9000000");
    await own("alert-rearm", "figure");
    await alice.type("100");
    const problem = alice.get("alert-editor").getByRole("alert");
    await problem.filter({ hasText: "at least 0 and less than 100" }).waitFor();
    await alice.fill("alert-rearm-figure", "99.875");
    await alice.get("alert-create").and(alice.page.locator(":enabled")).waitFor();
    await alice.click("alert-create");
    await alice.gone("alert-editor");
    const rules = await asked("rules");
    assert.equal(rules.at(-1).form.condition.rearm_percent, "99.875");
  });

  it("snoozes for as long as is typed", async () => {
    await alice.get("alert-row").getByText("37 min").waitFor();
    await alice.get("alert-row").filter({ hasText: "37 min" }).getByLabel("More").click();
    await alice.click("alert-snooze-own");
    await alice.focusOn(on("snooze-figure"), "asking for a snooze");
    await alice.type("95");
    await alice.press("Enter");
    await alice.gone("snooze-dialog");
    await alice.get("alert-state").filter({ hasText: "Snoozed until" }).waitFor();
    const now = await alice.page.evaluate(() => Date.now());
    const [rule] = await asked("rules");
    const minutes = (rule.snoozed_until - now) / 60_000;
    assert.ok(minutes > 94 && minutes <= 96, `${minutes} minutes`);
  });
});

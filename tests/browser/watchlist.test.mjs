// The order of the watch-list: by dragging, by keys and by the menu, one after the other.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { lacking, startBrowser } from "./support/chromium.mjs";
import { Ends } from "./support/engine.mjs";
import { Person } from "./support/person.mjs";

describe("the order of the watch-list", { skip: lacking }, () => {
  const ends = new Ends();
  /** @type {Person} */
  let alice;
  /** What is watched, as it was at the start. */
  let first;

  const rows = () =>
    alice.get("watch-row").evaluateAll((all) => all.map((each) => each.dataset.symbol));
  const ordered = (...places) =>
    alice.until(
      (wanted) =>
        [...document.querySelectorAll("[data-testid=watch-row]")]
          .map((each) => each.dataset.symbol)
          .join(" ") === wanted,
      places.map((place) => first[place]).join(" "),
    );
  const said = (text) =>
    alice.get("watch-said").filter({ hasText: text }).waitFor({ state: "attached" });
  const middle = async (symbol) => {
    const row = alice.page.locator(`[data-testid=watch-row][data-symbol=${symbol}]`);
    const { x, y, width, height } = await row.boundingBox();
    return [x + width / 2, y + height / 2];
  };
  /** Presses a row and goes with it to where another one is. */
  const pull = async (from, to) => {
    const [x, y] = await middle(from);
    const [, end] = await middle(to);
    await alice.page.mouse.move(x, y);
    await alice.page.mouse.down();
    await alice.page.mouse.move(x, y + 1);
    // The first drag fetches what drags: it is held once that is there.
    await alice.page.waitForFunction(
      ([symbol, at]) => {
        const row = document.querySelector(`[data-testid=watch-row][data-symbol=${symbol}]`);
        row.dispatchEvent(
          new PointerEvent("pointermove", {
            bubbles: true,
            pointerId: 1,
            buttons: 1,
            clientX: at[0],
            clientY: at[1],
          }),
        );
        return row.dataset.held !== undefined;
      },
      [from, [x, y + 8]],
    );
    await alice.page.mouse.move(x, end, { steps: 5 });
  };

  before(async () => {
    const browser = await startBrowser();
    ends.push(() => browser.close());
    alice = await Person.start(browser, ends, { page: { hasTouch: true } });
    await alice.click("welcome-local");
    await alice.see("composer");
    await alice.click("tab-market");
    await alice.see("watch-row");
    first = await rows();
    assert.ok(first.length >= 4, `${first.length} symbols`);
  });
  after(() => ends.all());

  const rest = () => first.slice(4).map((_, at) => at + 4);

  it("follows a drag down and up, says so and keeps it", async () => {
    await pull(first[0], first[2]);
    await alice.page.mouse.up();
    await ordered(1, 2, 0, 3, ...rest());
    await said(`${first[0]} is now 3 of ${first.length}`);
    await pull(first[3], first[1]);
    await alice.page.mouse.up();
    await ordered(3, 1, 2, 0, ...rest());
    await said(`${first[3]} is now 1 of ${first.length}`);
    // A drag is no click: no chart opened.
    assert.equal(await alice.get("open-chart").count(), 0);
    assert.equal(await alice.page.locator("[data-testid=watch-row][style]").count(), 0);
    await alice.page.reload();
    await alice.see("watch-row");
    await ordered(3, 1, 2, 0, ...rest());
  });

  it("stays as it was when Esc ends the drag, and the next click is one", async () => {
    await pull(first[3], first[2]);
    await alice.press("Escape");
    assert.equal(await alice.page.locator("[data-testid=watch-row][data-held]").count(), 0);
    await alice.page.mouse.up();
    assert.deepEqual(
      await rows(),
      [3, 1, 2, 0, ...rest()].map((place) => first[place]),
    );
    assert.equal(await alice.get("open-chart").count(), 0);
    await alice.get("watch-row").first().click();
    await alice.see("open-chart");
    await alice.click("chart-fold");
    await alice.gone("open-chart");
  });

  it("does not follow a finger, which scrolls", async () => {
    const order = await rows();
    const [x, y] = await middle(order[0]);
    const [, end] = await middle(order[2]);
    const touch = await alice.watched.context.newCDPSession(alice.page);
    const point = (at) => [{ x, y: at }];
    const send = (type, touchPoints) =>
      touch.send("Input.dispatchTouchEvent", { type, touchPoints });
    await send("touchStart", point(y));
    for (const share of [0.25, 0.5, 0.75, 1]) {
      await send("touchMove", point(y + (end - y) * share));
      assert.equal(await alice.page.locator("[data-testid=watch-row][data-held]").count(), 0);
    }
    await send("touchEnd", []);
    assert.deepEqual(await rows(), order);
  });

  it("follows the keys as fast as they come, and keeps the focus", async () => {
    const [top] = await rows();
    await alice.page.locator(`[data-testid=watch-row][data-symbol=${top}]`).focus();
    await alice.press("ArrowDown");
    await alice.press("ArrowUp");
    await alice.press("Alt+ArrowDown");
    await alice.press("Alt+ArrowDown");
    await alice.press("Alt+ArrowDown");
    await ordered(1, 2, 0, 3, ...rest());
    await said(`${top} is now 4 of ${first.length}`);
    await alice.focusOn(`[data-testid=watch-row][data-symbol=${top}]`, "moving it by keys");
    await alice.press("Alt+ArrowUp");
    await said(`${top} is now 3 of ${first.length}`);
    await ordered(1, 2, 3, 0, ...rest());
  });

  it("follows the menu of a row", async () => {
    await alice.page.locator(`[data-testid=watch-row][data-symbol=${first[1]}]`).click({
      button: "right",
    });
    await alice.page.getByRole("menuitem", { name: "Move down" }).click();
    await ordered(2, 1, 3, 0, ...rest());
    await said(`${first[1]} is now 2 of ${first.length}`);
  });

  it("did nothing else: no dialog, no error, no other origin", () => alice.watched.clean());
});

// Reading back in a long session while others write: what is new is told, and one stays where one is.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { DEADLINE, lacking, startBrowser } from "./support/chromium.mjs";
import { Ends, Project } from "./support/engine.mjs";
import { ALICE, BOB, Person } from "./support/person.mjs";

const SESSION = "harbour";
/** More than are held at once while reading back. */
const MESSAGES = 900;
const MINUTE = 60_000;

/** Whether the list of messages shows its end; for the page. */
const atEnd = () => {
  const list = document.querySelector("[role=log]");
  return list.scrollHeight - list.scrollTop - list.clientHeight < 2;
};

describe("reading back", { skip: lacking }, () => {
  const ends = new Ends();
  /** @type {Project} */
  let project;
  /** @type {Person} */
  let alice;
  let bob;
  let browser;
  let written = 0;

  /** Bob writes so many messages, now unless something else is said. */
  const writes = async (count, began = Date.now(), apart = 1) => {
    const rows = Array.from({ length: count }, (_, place) => ({
      session_id: SESSION,
      user_id: bob,
      role: "user",
      content: `Ship number ${written + place}`,
      created_at: new Date(began + place * apart).toISOString(),
    }));
    written += count;
    await project.insert("chat_messages", rows);
  };
  const newest = () => alice.message(new RegExp(`Ship number ${written - 1}\\b`)).first();
  const button = () => alice.get("to-newest");
  const goToEnd = async () => {
    await button().click();
    await newest().waitFor();
    await alice.until(atEnd);
    await alice.gone("to-newest");
  };
  /** Once two frames were drawn. */
  const drawn = () =>
    alice.page.evaluate(
      () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))),
    );
  /** Turns the wheel over the messages until the end is so far out of view, in px. */
  const readBack = async (far = 800) => {
    await alice.page.getByRole("log").hover();
    const away = () =>
      alice.page.evaluate(() => {
        const list = document.querySelector("[role=log]");
        return list.scrollHeight - list.scrollTop - list.clientHeight;
      });
    for (let turns = 0; (await away()) <= far; turns += 1) {
      assert.ok(turns < 60, "the wheel does not move the messages");
      await alice.page.mouse.wheel(0, -900);
      await drawn();
    }
  };
  /** Turns the wheel until a message is seen. */
  const wheelTo = async (message, by) => {
    await alice.page.getByRole("log").hover();
    while (!(await message.isVisible())) {
      await alice.page.mouse.wheel(0, by);
      await drawn();
    }
  };
  /** What is read, and where it stands. */
  const place = () =>
    alice.page.evaluate(() => {
      const list = document.querySelector("[role=log]").getBoundingClientRect();
      const rows = [...document.querySelectorAll("[data-testid=message]")];
      const first = rows.find((row) => row.getBoundingClientRect().top >= list.top);
      return [first.dataset.messageId, Math.round(first.getBoundingClientRect().top)];
    });

  /** The same, once it stays. */
  const still = async () => {
    let was = await place();
    for (let looks = 0; looks < 60; looks += 1) {
      await drawn();
      const now = await place();
      if (now.join() === was.join()) return now;
      was = now;
    }
    return assert.fail("the messages do not come to rest");
  };

  before(async () => {
    browser = await startBrowser();
    ends.push(() => browser.close());
    project = await Project.start(ends);
    const owner = await project.account(ALICE);
    bob = await project.account(BOB);
    await project.insert("chat_sessions", { id: SESSION, user_id: owner, title: "Harbour" });
    await writes(MESSAGES, Date.now() - (MESSAGES + 5) * MINUTE, MINUTE);
    alice = await Person.join(browser, ends, project, ALICE);
    await alice.open("Harbour");
    await alice.see("message");
    // A first download counts nothing as new; from here on it does.
    await newest().waitFor();
    await alice.until(atEnd);
    assert.equal(await button().count(), 0);
  });
  after(() => ends.all());

  it("keeps to the end while it is in view", async () => {
    await writes(1);
    await newest().waitFor();
    await alice.until(atEnd);
    assert.equal(await button().count(), 0);
  });

  it("stays where one reads, and says how many are new", async () => {
    await readBack();
    await writes(1);
    await button().getByText("1 new", { exact: true }).waitFor();
    const before = await place();
    await writes(2);
    await button().getByText("3 new", { exact: true }).waitFor();
    assert.deepEqual(await place(), before);
    const { height } = await button().boundingBox();
    assert.equal(height, 28);
    await button().focus();
    await alice.press("Enter");
    await newest().waitFor();
    await alice.until(atEnd);
    await alice.gone("to-newest");
  });

  it("counts no message twice, and none that was seen", async () => {
    await readBack();
    await writes(1);
    await button().getByText("1 new", { exact: true }).waitFor();
    await goToEnd();
  });

  it("shows one's own message at once, however much is held", async () => {
    for (const text of ["I see one", "I see two", "I see three", "I see four", "I see five"]) {
      await readBack();
      await writes(1);
      await button().waitFor();
      await alice.say(text);
      await alice.message(text).first().waitFor();
      await alice.until(atEnd);
      await alice.gone("to-newest");
    }
  });

  it("reads back through everything, and forth again", { timeout: 2 * DEADLINE }, async () => {
    await wheelTo(alice.message(/Ship number 0\b/).first(), -3000);
    await button().getByText("Newest messages", { exact: true }).waitFor();
    await writes(2);
    await button().getByText("2 new", { exact: true }).waitFor();
    await wheelTo(newest(), 3000);
    await alice.page.mouse.wheel(0, 3000);
    await alice.until(atEnd);
    await alice.gone("to-newest");
  });

  it("goes from the oldest to the newest in one step", { timeout: 2 * DEADLINE }, async () => {
    await wheelTo(alice.message(/Ship number 0\b/).first(), -3000);
    await goToEnd();
  });

  describe("by keys", () => {
    const at = () => alice.page.evaluate(() => document.activeElement?.dataset.messageId);
    const text = () => alice.page.evaluate(() => document.activeElement?.textContent);
    /** Every element inside of the list that Tab would go to. */
    const stops = () =>
      alice.page.evaluate(() =>
        [...document.querySelectorAll("[data-region=messages] *")]
          .filter((each) => each.tabIndex >= 0 && each.closest("[role=log]") !== null)
          .map((each) => each.dataset.messageId ?? each.outerHTML),
      );
    const focusedText = (number) =>
      alice.until(
        (wanted) =>
          new RegExp(`Ship number ${wanted}\\b`).test(document.activeElement?.textContent),
        number,
      );
    const inView = async (after) => {
      const found = await alice.focused(after);
      assert.ok(found.seen, `nothing shows the focus after ${after}`);
      const shown = await alice.page.evaluate(() => {
        const list = document.querySelector("[role=log]").getBoundingClientRect();
        const row = document.activeElement.getBoundingClientRect();
        return row.top >= list.top - 1 && row.bottom <= list.bottom + 1;
      });
      assert.ok(shown, `the message is cut off after ${after}`);
    };

    it("is one stop of Tab, at the newest, with a way on and a way back", async () => {
      await alice.get("composer").focus();
      const [stop, ...others] = await stops();
      assert.deepEqual(others, []);
      await alice.press("Shift+Tab");
      await inView("Shift+Tab");
      assert.equal(await at(), stop);
      assert.equal(await alice.get("message").last().getAttribute("data-message-id"), stop);
      // Its own tools come next, and nothing else before the composer.
      const passed = [];
      for (let step = 0; step < 8; step += 1) {
        await alice.press("Tab");
        const found = await alice.focused("Tab");
        if (await alice.page.evaluate(() => document.activeElement?.matches("textarea"))) break;
        passed.push(found.name);
        assert.equal(
          await alice.page.evaluate(
            () => document.activeElement.closest("[data-message-id]")?.dataset.messageId,
          ),
          stop,
          `Tab went to ${found.name}`,
        );
      }
      assert.ok(passed.includes("message-more"), passed.join());
      await alice.focusOn("[data-testid=composer]", "Tab out of the messages");
      await alice.press("Shift+Tab");
      assert.equal(await at(), stop, "the way back begins at the message");
      await alice.press("Shift+Tab");
      assert.equal(
        await alice.page.evaluate(() => document.activeElement.closest("[role=log]")),
        null,
      );
    });

    it("goes to the message before and after, a view at a time, to both ends", async () => {
      await alice.get("composer").focus();
      await alice.press("Shift+Tab");
      const last = await at();
      await alice.press("ArrowUp");
      await alice.until((from) => document.activeElement?.dataset.messageId !== from, last);
      await inView("ArrowUp");
      await alice.press("ArrowDown");
      await alice.until((from) => document.activeElement?.dataset.messageId === from, last);
      await alice.press("PageUp");
      await alice.until((from) => document.activeElement?.dataset.messageId !== from, last);
      await inView("PageUp");
      const before = await alice.page.evaluate((from) => {
        const rows = [...document.querySelectorAll("[data-testid=message]")];
        const place = (id) => rows.findIndex((row) => row.dataset.messageId === id);
        const height = rows[place(from)].getBoundingClientRect().top;
        return height - document.activeElement.getBoundingClientRect().top;
      }, last);
      const view = await alice.page.evaluate(
        () => document.querySelector("[role=log]").clientHeight,
      );
      assert.ok(before > view / 2 && before < view, `${before} of ${view} px`);
      const upper = await at();
      await alice.press("PageDown");
      await alice.until((from) => document.activeElement?.dataset.messageId !== from, upper);
      await inView("PageDown");
      await alice.press("Home");
      await alice.until((from) => document.activeElement?.dataset.messageId !== from, last);
      await inView("Home");
      await alice.press("End");
      await alice.until((from) => document.activeElement?.dataset.messageId === from, last);
      await alice.until(atEnd);
    });

    it("reads more where what is held ends, back to the first message", {
      timeout: 2 * DEADLINE,
    }, async () => {
      for (let step = 0; !/Ship number 0\b/.test(await text()); step += 1) {
        assert.ok(step < 40, "the first message was not reached");
        const from = await at();
        await alice.press("Home");
        await alice.press("ArrowUp");
        await alice.until((old) => document.activeElement?.dataset.messageId !== old, from);
      }
      await inView("Home and arrows");
      const first = await at();
      await alice.press("ArrowUp");
      assert.equal(await at(), first);
      await alice.press("End");
      await newest().waitFor();
      await focusedText(written - 1);
      await alice.until(atEnd);
    });

    it("keeps the focus on a message that is scrolled out of view, and goes on from there", async () => {
      await alice.get("composer").focus();
      await alice.press("Shift+Tab");
      const last = await at();
      await readBack(1600);
      assert.equal(await at(), last);
      await alice.press("ArrowUp");
      await alice.until((from) => document.activeElement?.dataset.messageId !== from, last);
      await inView("ArrowUp after scrolling away");
    });

    it("gives the focus to what is pressed while the message that has it is out of view", async () => {
      await alice.get("composer").focus();
      await alice.press("Shift+Tab");
      await readBack(1600);
      await alice.get("composer").click();
      await alice.focusOn("[data-testid=composer]", "a click");
      await still();
      await alice.focusOn("[data-testid=composer]", "a click, when all is drawn");
      await goToEnd();
    });

    it("does not take somebody who reads elsewhere back to where the focus was", async () => {
      await alice.get("composer").focus();
      await readBack(1600);
      const before = await still();
      await alice.press("Shift+Tab");
      // The way back to the newest messages is on the way.
      await alice.focusOn("[data-testid=to-newest]", "Shift+Tab while reading back");
      await alice.press("Shift+Tab");
      await alice.until(() => document.activeElement?.dataset.messageId !== undefined);
      await inView("Shift+Tab while reading back");
      assert.deepEqual(await still(), before);
      await goToEnd();
    });

    it("goes from a message to what scrolls in it, and turns that by keys", async () => {
      const wide = `\`\`\`\n${"a wide line ".repeat(60)}\n\`\`\``;
      const row = { session_id: SESSION, role: "assistant", content: `Wide\n\n${wide}` };
      await project.insert("chat_messages", row);
      await alice.message("a wide line").first().waitFor();
      await alice.get("composer").focus();
      await alice.press("Shift+Tab");
      await alice.press("End");
      await alice.until(() => document.activeElement?.textContent.includes("a wide line"));
      await alice.tabTo("pre");
      await alice.press("ArrowRight");
      await alice.until(() => document.activeElement.scrollLeft > 0);
      await alice.press("Escape");
      await alice.focusOn("[data-testid=composer]", "leaving the message");
    });

    it("keeps a change that is being written, wherever one scrolls to", async () => {
      await alice.say("A line to change");
      await alice.state("A line to change", "delivered");
      await alice.press("ArrowUp");
      await alice.focusOn("[data-testid=message-edit-box]", "an arrow in the empty composer");
      await alice.type(", half done");
      await alice.get("composer").focus();
      await readBack(1600);
      await goToEndByButton();
      assert.equal(await alice.get("message-edit-box").inputValue(), "A line to change, half done");
      await alice.get("message-edit-box").press("Escape");
      await alice.focusOn("[data-testid=composer]", "giving up the change");
    });

    const goToEndByButton = async () => {
      await button().click();
      await alice.until(atEnd);
    };
  });

  it("did nothing else: no dialog, no error, no other origin", () => alice.watched.clean());
});

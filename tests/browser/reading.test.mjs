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
  /** Turns the wheel over the messages until the end is out of view. */
  const readBack = async () => {
    await alice.page.getByRole("log").hover();
    await alice.page.mouse.wheel(0, -900);
    await alice.until(() => {
      const list = document.querySelector("[role=log]");
      return list.scrollHeight - list.scrollTop - list.clientHeight > 800;
    });
  };
  /** Turns the wheel until a message is seen. */
  const wheelTo = async (message, by) => {
    await alice.page.getByRole("log").hover();
    while (!(await message.isVisible())) {
      await alice.page.mouse.wheel(0, by);
      await alice.page.evaluate(
        () => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))),
      );
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

  it("shows one's own message at once", async () => {
    await readBack();
    await writes(1);
    await button().waitFor();
    await alice.say("I see them all");
    await alice.message("I see them all").first().waitFor();
    await alice.until(atEnd);
    await alice.gone("to-newest");
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

  it("goes from message to message by arrow keys", async () => {
    await alice.get("message").last().focus();
    const at = () => alice.page.evaluate(() => document.activeElement.dataset.messageId);
    const last = await at();
    await alice.press("ArrowUp");
    assert.notEqual(await at(), last);
    await alice.press("ArrowDown");
    assert.equal(await at(), last);
    await alice.watched.clean();
  });
});

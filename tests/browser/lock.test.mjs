// The lock, with the real engine behind the page.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { lacking, startBrowser } from "./support/chromium.mjs";
import { Ends } from "./support/engine.mjs";
import { Person } from "./support/person.mjs";

const PASSPHRASE = "correct horse";
const SECRETS = ["Surprise party", "The cake is at Bob's"];

describe("the lock", { skip: lacking }, () => {
  const ends = new Ends();
  /** @type {Person} */
  let alice;

  before(async () => {
    const browser = await startBrowser();
    ends.push(() => browser.close());
    alice = await Person.start(browser, ends, { engine: ["--local"] });
    await alice.see("composer");
  });
  after(() => ends.all());

  /** Nothing of the conversation is anywhere in the page. */
  async function empty() {
    await alice.see("lock-passphrase");
    const page = await alice.page.content();
    for (const secret of SECRETS) assert.ok(!page.includes(secret), secret);
    assert.equal(await alice.get("message").count(), 0);
  }

  it("is set in the settings", async () => {
    await alice.newSession(SECRETS[0]);
    await alice.say(SECRETS[1]);
    await alice.state(SECRETS[1], "delivered");
    await alice.press("Control+,");
    await alice.click("settings-privacy");
    await alice.click("passphrase-set");
    await alice.fill("passphrase-new", PASSPHRASE);
    await alice.fill("passphrase-again", PASSPHRASE);
    await alice.click("passphrase-save");
    await alice.see("lock-now");
    await alice.press("Escape");
  });

  it("empties the page, keeps the draft, and a reload does not open it", async () => {
    await alice.fill("composer", "not yet sent");
    await alice.press("Control+l");
    await empty();
    await alice.page.reload();
    await empty();
  });

  it("answers nothing to whoever asks the engine directly", async () => {
    const answers = await alice.page.evaluate(async () => {
      const url = new URL("ws", location.href);
      url.protocol = "ws:";
      url.search = location.hash.slice(1);
      url.hash = "";
      const socket = new WebSocket(url);
      await new Promise((resolve) => socket.addEventListener("open", resolve));
      const frames = [
        { command: "snapshot", args: {} },
        { command: "sessions", args: {} },
        { command: "search", args: { query: "cake", limit: 10 } },
        { command: "set_passphrase", args: { current: null, passphrase: null } },
        { command: "start_local", args: {} },
        { notifications: true },
      ];
      const answers = [];
      for (const [id, frame] of frames.entries()) {
        const answered = new Promise((resolve) => {
          socket.addEventListener("message", function hear({ data }) {
            const answer = JSON.parse(data);
            if (answer.id !== id) return;
            socket.removeEventListener("message", hear);
            resolve(answer.error?.code ?? answer);
          });
        });
        socket.send(JSON.stringify({ id, ...frame }));
        answers.push(await answered);
      }
      socket.close();
      return answers;
    });
    assert.deepEqual(answers, Array(6).fill("locked"));
  });

  it("says that a passphrase is wrong, and waits in the field for the right one", async () => {
    await alice.fill("lock-passphrase", "wrong horse");
    await alice.press("Enter");
    await alice.page.getByRole("alert").filter({ hasText: "not the passphrase" }).waitFor();
    await alice.focusOn("[data-testid=lock-passphrase]", "a wrong passphrase");
    await empty();
    await alice.type(PASSPHRASE);
    await alice.press("Enter");
    await alice.message(SECRETS[1]).first().waitFor();
    assert.equal(await alice.get("composer").inputValue(), "not yet sent");
  });

  it("has a way out that removes everything", async () => {
    await alice.press("Control+l");
    await alice.click("lock-forgotten");
    await alice.fill("lock-word", "REMOVE");
    await alice.click("lock-start-over");
    await alice.see("welcome");
    await alice.click("welcome-local");
    await alice.see("composer");
    const page = await alice.page.content();
    for (const secret of SECRETS) assert.ok(!page.includes(secret), secret);
  });
});

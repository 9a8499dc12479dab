// Somebody writes whatever could make a page run, load or show what it should not, in every place
// that shows what people write. It reaches the page as it always does: through the project and the
// engine. Nothing may run, nothing may be asked for, nothing may be lost or break the layout.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { lacking, openPage, startBrowser } from "./support/chromium.mjs";
import { Ends, Project } from "./support/engine.mjs";
import { HOSTILE, LARGE } from "./support/hostile.mjs";
import { overflow } from "./support/judge.mjs";
import { ALICE, Person } from "./support/person.mjs";
import { foreignIn, KINDS, readSession } from "./support/places.mjs";
import { settled } from "./support/screens.mjs";

const MALLORY = { email: "mallory@example.com", password: "an evil password", name: "Mallory" };

/** How far down the list one looks. */
const SHARES = [1, 0.9, 0.75, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0];

describe("hostile content", { skip: lacking }, () => {
  const ends = new Ends();
  /** @type {Project} */
  let project;
  /** @type {Person} */
  let alice;
  let browser;
  let owner;
  let mallory;
  let clock = Date.now() - 86_400_000;

  const session = async (title) => {
    const id = randomUUID();
    await project.insert("chat_sessions", { id, user_id: owner, title });
    return id;
  };
  /** Writes messages as somebody else, a second apart and in order. */
  const write = (session_id, texts, row) =>
    project.insert(
      "chat_messages",
      texts.map((content) => {
        clock += 1_000;
        const created_at = new Date(clock).toISOString();
        const message = { message_type: "text", metadata: {}, ...row(content) };
        return { session_id, user_id: mallory, content, created_at, ...message };
      }),
    );
  /** Opens a session by its name, which no other one has. */
  const open = async (title) => {
    await alice.press("Control+k");
    await alice.fill("palette-input", `#${title}`);
    await alice.page
      .locator("[data-option^=session-]")
      .filter({ hasText: title })
      .first()
      .waitFor();
    await alice.press("Enter");
    await alice.page.getByRole("heading", { level: 1, name: title, exact: true }).waitFor();
    await alice.see("message");
  };
  const foreign = () => foreignIn(alice.page);
  const readThrough = (count) => readSession(alice.page, count);

  before(async () => {
    browser = await startBrowser();
    ends.push(() => browser.close());
    project = await Project.start(ends);
    owner = await project.account(ALICE);
    mallory = await project.account(MALLORY);
    let place = 0;
    for (const row of Object.values(KINDS)) {
      place += 1;
      await write(await session(`Place ${place}`), HOSTILE, row);
    }
    const forms = [
      "[x](http://evil.example/a)",
      "<http://evil.example/b>",
      "http://evil.example/c",
    ];
    await write(await session("Links"), [...forms, "<a@evil.example>"], () => ({
      role: "assistant",
    }));
    const large = await session("Heavy words");
    await write(
      large,
      LARGE.map(([, text]) => text),
      () => ({ role: "user" }),
    );
    const read = await session("Heavy pages");
    await write(
      read,
      LARGE.map(([, text]) => text),
      () => ({ role: "assistant" }),
    );
    await project.insert(
      "crypto_prices",
      HOSTILE.map((symbol, index) => ({ symbol, price: `${index + 1}.5` })),
    );
    alice = await Person.join(browser, ends, project, ALICE);
  });
  after(() => ends.all());

  it("is watched for: what would run or load does not go unnoticed", async () => {
    const probe = await openPage(browser, alice.page.url());
    try {
      await probe.page.goto(alice.page.url());
      await probe.clean();
      await probe.page.evaluate(() => {
        document.body.innerHTML = '<img src="http://evil.example/x" onerror="pwned(1)">';
        window.pwned(1);
      });
      await probe.page.waitForFunction(() => window.watched.length >= 3);
      await assert.rejects(probe.clean(), /ran: 1/);
    } finally {
      await probe.close();
    }
  });

  it("is a corpus worth the name", () => {
    assert.ok(new Set(HOSTILE).size >= 150, `${new Set(HOSTILE).size} texts`);
  });

  for (const [index, place] of Object.keys(KINDS).entries()) {
    it(`stays text ${place}`, async () => {
      await open(`Place ${index + 1}`);
      const seen = await readThrough(HOSTILE.length);
      if (place === "written by a person") {
        // Nothing is lost either: what was written can be read, letter by letter.
        const shown = [...seen.values()].join("\n");
        for (const text of HOSTILE) {
          assert.ok(shown.includes(text), `cannot be read: ${JSON.stringify(text)}`);
        }
      }
      assert.deepEqual(await overflow(alice.page), []);
      await alice.watched.clean();
    });
  }

  it("leads nowhere when it is clicked", async () => {
    await open("Links");
    const before = alice.page.url();
    const links = alice.page.locator("[data-testid=message] a[href]");
    await links.nth(3).waitFor();
    for (const link of await links.all()) {
      for (const modifiers of [[], ["Control"], ["Shift"]]) await link.click({ modifiers });
      await link.click({ button: "middle" });
    }
    assert.equal(alice.page.url(), before);
    assert.equal(alice.watched.context.pages().length, 1);
    await alice.watched.clean();
  });

  it("stays text as a title, in the sidebar, the head, the palette and every menu", async () => {
    await project.insert(
      "chat_sessions",
      HOSTILE.map((title) => ({ id: randomUUID(), user_id: owner, title })),
    );
    await alice.until(
      (count) => document.querySelectorAll("[data-testid=session-row]").length >= count,
      HOSTILE.length,
    );
    assert.deepEqual(await foreign(), []);
    const titles = await alice.page.locator("[data-testid=session-row] .title").allTextContents();
    for (const title of HOSTILE) {
      assert.ok(titles.includes(title), `no session is called ${JSON.stringify(title)}`);
    }
    await alice.get("session-row").filter({ hasText: "<iframe srcdoc" }).first().click();
    await alice.page.locator("h1").filter({ hasText: "<iframe srcdoc" }).waitFor();
    await alice.click("session-menu");
    await alice.press("Escape");
    await alice.press("Control+k");
    await alice.fill("palette-input", "#script");
    await alice.see("palette-option");
    assert.deepEqual(await foreign(), []);
    await alice.press("Escape");
    await alice.watched.clean();
  });

  it("stays text in what a search finds", async () => {
    await alice.press("Control+k");
    await alice.fill("palette-input", "pwned");
    await alice.page.locator("[data-option^=message-]").first().waitFor();
    assert.deepEqual(await foreign(), []);
    await alice.press("Control+Enter");
    await alice.see("result");
    assert.deepEqual(await foreign(), []);
    assert.deepEqual(await overflow(alice.page), []);
    await alice.press("Escape");
    await alice.watched.clean();
  });

  it("stays text as a symbol, in the list, the ticker and the editor of alerts", async () => {
    await alice.click("tab-market");
    await alice.click("symbol-add");
    // Each is in many symbols, so that the list to choose from stays open.
    for (const part of ["<script>", "<svg", "javascript:"]) {
      await alice.fill("symbol-find", part);
      await alice.click("symbol-pick");
      await alice.get("watch-row").filter({ hasText: part }).first().waitFor();
    }
    assert.deepEqual(await foreign(), []);
    await alice.get("watch-row").first().click();
    await alice.see("open-chart");
    await alice.press("Control+Shift+A");
    await alice.see("alert-editor");
    await alice.click("alert-symbol");
    await alice.page.getByRole("menuitemradio").first().waitFor();
    assert.deepEqual(await foreign(), []);
    assert.deepEqual(await overflow(alice.page), []);
    await alice.press("Escape");
    await alice.press("Escape");
    await alice.gone("alert-editor");
    await alice.watched.clean();
  });

  for (const title of ["Heavy words", "Heavy pages"]) {
    it(`${title}: the layout holds, the list scrolls, the composer answers`, async () => {
      await open(title);
      for (const width of [1280, 480]) {
        await alice.page.setViewportSize({ width, height: 720 });
        await settled(alice.page);
        const list = alice.page.locator("[role=log]");
        for (const share of SHARES) {
          const moved = await list.evaluate(async (each, at) => {
            each.scrollTop = at * (each.scrollHeight - each.clientHeight);
            await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
            return each.scrollTop;
          }, share);
          assert.ok(share === 0 || moved > 0, `the list does not scroll at ${width}`);
          assert.deepEqual(await overflow(alice.page), [], `${width} wide, ${share} down`);
        }
        await alice.fill("composer", `still here at ${width}`);
        assert.equal(await alice.get("composer").inputValue(), `still here at ${width}`);
      }
      await alice.page.setViewportSize({ width: 1280, height: 800 });
      await alice.say(`An answer to ${title}`);
      await alice.state(`An answer to ${title}`, "delivered");
      await alice.watched.clean();
    });
  }
});

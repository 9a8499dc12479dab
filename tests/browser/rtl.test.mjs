// Text that runs to the left. What people write runs as it should in an interface that runs to the
// right, and moves nothing beside it; and the whole interface can run to the left.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { lacking, openPage, startBrowser } from "./support/chromium.mjs";
import { Ends, Project } from "./support/engine.mjs";
import { startFixture } from "./support/fixture.mjs";
import { cutOff, overflow } from "./support/judge.mjs";
import { ALICE, Person } from "./support/person.mjs";
import { ONE_COLUMN, SCREENS, settled, show } from "./support/screens.mjs";

const MALLORY = { email: "mallory@example.com", password: "an evil password", name: "Mallory" };

const HEBREW = "שלום לכולם, נפגשים בשעה 14:30 ליד הבית";
const ARABIC = "مرحبا بالجميع، نلتقي الساعة 14:30 قرب البيت";
/** What stands in a text, a name or a title, and whether its first letter runs to the left. */
const WRITTEN = {
  plain: ["Hello everybody, at 14:30", "ltr"],
  Hebrew: [HEBREW, "rtl"],
  Arabic: [ARABIC, "rtl"],
  "mixed, from the right": [`${HEBREW} (v2.1) and more`, "rtl"],
  "mixed, from the left": [`Release 2.1: ${ARABIC} 100%`, "ltr"],
  "an override without an end": ["\u202eevil \u202e name", "ltr"],
  "an embedding without an end": ["\u202b\u202b12:34", "ltr"],
  "an isolate without an end": ["\u2067\u2067abc", "ltr"],
  "ends without a beginning": ["\u202c\u2069\u202c\u2069 abc", "ltr"],
};
const SIZES = [
  { width: 1280, height: 800 },
  { width: 480, height: 560 },
];

/**
 * Runs in the page: what the page says itself and does not stand from left to right. What people
 * wrote has a direction of its own, or stands between isolates.
 */
function turned(css) {
  const found = [];
  const place = document.createRange();
  for (const root of document.querySelectorAll(css)) {
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const node = walker.currentNode;
      if (node.parentElement.closest("[dir=auto], bdi, .sr, svg")) continue;
      let last;
      let deep = 0;
      for (const [at, letter] of [...node.data].entries()) {
        if (/[\u2066-\u2068]/u.test(letter)) deep += 1;
        else if (letter === "\u2069") deep -= 1;
        if (deep > 0 || !/[\p{Script=Latin}\p{N}]/u.test(letter)) continue;
        place.setStart(node, at);
        place.setEnd(node, at + 1);
        const box = place.getBoundingClientRect();
        if (box.width === 0) continue;
        if (last && Math.abs(box.top - last.top) < 1 && box.left < last.left) {
          found.push(node.data.trim().slice(0, 80));
          break;
        }
        last = box;
      }
    }
  }
  return found;
}

describe("text that runs to the left", { skip: lacking }, () => {
  const ends = new Ends();
  const kinds = Object.entries(WRITTEN);
  /** @type {Person} */
  let alice;
  let browser;

  /** The edges of a part in each row, from left to right. */
  const edges = (rows, part) =>
    alice.page.locator(rows).evaluateAll(
      (all, css) =>
        all.map((row) => {
          const box = row.querySelector(css)?.getBoundingClientRect();
          return box && [Math.round(box.left), Math.round(box.right)];
        }),
      part,
    );
  const untouched = async () => {
    assert.deepEqual(await alice.page.evaluate(turned, ".window"), []);
    assert.deepEqual(await overflow(alice.page), []);
    await alice.watched.clean();
  };

  before(async () => {
    browser = await startBrowser();
    ends.push(() => browser.close());
    const project = await Project.start(ends);
    const owner = await project.account(ALICE);
    const mallory = await project.account(MALLORY);
    const day = Date.now() - 86_400_000;
    const sessions = kinds.map(([, [title]]) => ({ id: randomUUID(), user_id: owner, title }));
    await project.insert("chat_sessions", sessions);
    for (const [session, { id }] of sessions.entries()) {
      await project.insert(
        "chat_messages",
        kinds.map(([, [text]], index) => ({
          session_id: id,
          user_id: mallory,
          role: index % 2 === 0 ? "user" : "assistant",
          message_type: "text",
          content: text,
          // Apart, so that each has a head with name and time.
          created_at: new Date(day + session * 60_000 + index * 600_000).toISOString(),
          metadata: { user_name: text },
        })),
      );
    }
    alice = await Person.join(browser, ends, project, ALICE);
    await alice.until(
      (count) => document.querySelectorAll("[data-testid=session-row]").length === count,
      sessions.length,
    );
    await project.insert(
      "chat_messages",
      sessions.map(({ id }) => ({
        session_id: id,
        user_id: mallory,
        role: "user",
        message_type: "text",
        content: "One more",
        metadata: {},
      })),
    );
    // All but the session that is open have a counter.
    await alice.until(
      (count) => document.querySelectorAll("[data-testid=session-row] .badge").length >= count - 1,
      sessions.length,
    );
  });
  after(() => ends.all());

  it("is told from what runs to the right by how its letters stand", async () => {
    const probe = await openPage(browser, alice.page.url());
    try {
      await probe.page.goto(alice.page.url());
      await probe.page.evaluate(() => {
        document.body.innerHTML = "<p>\u202eDraft: abc</p><p>3 online</p><p dir=auto>\u202eabc</p>";
      });
      assert.deepEqual(await probe.page.evaluate(turned, "p"), ["\u202eDraft: abc"]);
    } finally {
      await probe.close();
    }
  });

  it("leaves times, counters and titles of the list of sessions where they are", async () => {
    const rows = "[data-testid=session-row]";
    const whens = await edges(rows, ".when");
    assert.equal(whens.length, kinds.length);
    assert.equal(new Set(whens.map(([, end]) => end)).size, 1, `times end at ${whens}`);
    const titles = await edges(rows, ".title");
    assert.equal(new Set(titles.map(([start]) => start)).size, 1, `titles start at ${titles}`);
    const badges = (await edges(rows, ".badge")).filter(Boolean);
    assert.ok(badges.length >= kinds.length - 1, `${badges.length} counters`);
    assert.equal(new Set(badges.map(String)).size, 1, `badges stand at ${badges}`);
    for (const [at, [, end]] of titles.entries()) {
      assert.ok(end <= whens[at][0], `a title lies over its time: ${kinds[at][0]}`);
    }
    await untouched();
  });

  for (const [name, [title]] of kinds) {
    it(`runs as it should beside names and times: in a session called ${name}`, async () => {
      const rows = alice.get("session-row");
      const at = (await rows.locator(".title").allTextContents()).indexOf(title);
      await rows.nth(at).click();
      await alice.until(
        (wanted) => document.querySelector("h1")?.textContent.trim() === wanted.trim(),
        title,
      );
      await alice.until(
        (count) => document.querySelectorAll("[data-testid=message]").length === count,
        kinds.length + 1,
      );
      const heads = "[data-testid=message]:has(.by)";
      const names = await edges(heads, ".by b");
      const times = await edges(heads, ".by time");
      assert.equal(names.length, kinds.length + 1);
      assert.equal(new Set(names.map(([start]) => start)).size, 1, `names start at ${names}`);
      for (const [place, [, end]] of names.entries()) {
        assert.ok(end <= times[place][0], `a time stands before its name: ${kinds[place]?.[0]}`);
      }
      // Each text runs as its first letter does, whatever stands beside it.
      const directions = await alice.page
        .locator("[data-testid=message] p[dir=auto]")
        .evaluateAll((all) => all.map((each) => getComputedStyle(each).direction));
      assert.deepEqual(directions, [...kinds.map(([, [, direction]]) => direction), "ltr"]);
      await untouched();
    });
  }

  it("is written in a composer, a search and a palette that follow it", async () => {
    await alice.fill("composer", HEBREW);
    const direction = (testid) =>
      alice.get(testid).evaluate((each) => getComputedStyle(each).direction);
    assert.equal(await direction("composer"), "rtl");
    await alice.fill("composer", "Hello");
    assert.equal(await direction("composer"), "ltr");
    await alice.fill("composer", "");
    await alice.press("Control+k");
    await alice.fill("palette-input", "שלום");
    assert.equal(await direction("palette-input"), "rtl");
    await alice.see("palette-option");
    await untouched();
    await alice.press("Escape");
    await alice.press("Control+f");
    await alice.fill("find-input", "שלום");
    assert.equal(await direction("find-input"), "rtl");
    await alice.get("find-count").filter({ hasText: "of" }).waitFor();
    await untouched();
  });
});

describe("an interface that runs to the left", { skip: lacking }, () => {
  const ends = new Ends();
  let browser;
  let fixture;

  before(async () => {
    browser = await startBrowser();
    ends.push(() => browser.close());
    fixture = await startFixture(ends);
  });
  after(() => ends.all());

  for (const [name, screens, sizes] of [
    ["every screen", SCREENS, SIZES],
    ["one column", ONE_COLUMN, SIZES.slice(-1)],
  ]) {
    it(`${name}: nothing reaches out of the page or is out of reach`, async () => {
      const watched = await openPage(browser, fixture.url, { viewport: sizes[0] });
      const { page } = watched;
      const found = [];
      try {
        for (const screen of screens) {
          await page.setViewportSize(sizes[0]);
          await show(page, fixture, screen, { dir: "rtl" });
          assert.equal(await page.evaluate(() => document.documentElement.dir), "rtl");
          for (const size of sizes) {
            await page.setViewportSize(size);
            await settled(page);
            for (const line of [...(await overflow(page)), ...(await cutOff(page))]) {
              found.push(`${screen.name}, ${size.width} wide: ${line}`);
            }
          }
        }
        assert.deepEqual(found, []);
        await watched.clean();
      } finally {
        await watched.close();
      }
    });
  }

  it("has the sessions on the right and the panel on the left", async () => {
    const watched = await openPage(browser, fixture.url, {});
    const { page } = watched;
    try {
      await show(page, fixture, SCREENS[0]);
      const places = () =>
        page.evaluate(() =>
          ["[data-region=sidebar]", "[data-region=messages]", "[data-region=panel]"].map(
            (css) => document.querySelector(css).getBoundingClientRect().left,
          ),
        );
      const [left, middle, right] = await places();
      assert.ok(left < middle && middle < right);
      await show(page, fixture, SCREENS[0], { dir: "rtl" });
      const [sessions, messages, panel] = await places();
      assert.ok(panel < messages && messages < sessions, `${[panel, messages, sessions]}`);
      await watched.clean();
    } finally {
      await watched.close();
    }
  });
});

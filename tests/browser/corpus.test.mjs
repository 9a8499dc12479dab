// The texts that others have published to try programs with, each in every place that shows what
// people write, and in each position that Markdown has. They go through the project and the engine.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { lacking, startBrowser } from "./support/chromium.mjs";
import { CORPUS } from "./support/corpora.mjs";
import { Ends, Project } from "./support/engine.mjs";
import { overflow } from "./support/judge.mjs";
import { ALICE, Person } from "./support/person.mjs";
import { foreignIn, KINDS, readSession } from "./support/places.mjs";

const MALLORY = { email: "mallory@example.com", password: "an evil password", name: "Mallory" };

/** A text in each position that Markdown has for one. */
const POSITIONS = (text) => {
  const line = text.replace(/\s+/gu, " ");
  return [
    text,
    `\`${line}\``,
    `\`\`\`${line}\n${text}\n\`\`\``,
    `[${line}](https://example.com)`,
    `[a link](${line})`,
    `[a link](<${line}> "${line}")`,
    `![${line}](${line})`,
    `<${line}>`,
    `[a reference][to]\n\n[to]: ${line} "${line}"`,
    `> ${line}`,
    `- [ ] ${line}\n1. ${line}`,
    `# ${line}`,
    `| ${line} | ${line} |\n| --- | ---: |\n| ${line} | **${line}** |`,
    `*${line}* ~~${line}~~`,
  ].join("\n\n");
};

/** Those that mean something in HTML or Markdown. */
const MARKED = CORPUS.filter((text) => /[<>()[\]"'`:]/.test(text));

/** Those that the engine takes as symbols: longer ones are left out. */
const SYMBOLS = CORPUS.filter((text) => Buffer.byteLength(text) <= 64);

/** How many rows the project is given at once. */
const BATCH = 100;

describe("the published corpora", { skip: lacking }, () => {
  const ends = new Ends();
  /** @type {Project} */
  let project;
  /** @type {Person} */
  let alice;
  let owner;
  let mallory;

  const insert = async (table, rows) => {
    for (let at = 0; at < rows.length; at += BATCH) {
      await project.insert(table, rows.slice(at, at + BATCH));
    }
  };
  const session = async (title, texts, row) => {
    const id = randomUUID();
    await project.insert("chat_sessions", { id, user_id: owner, title });
    const start = Date.now() - 86_400_000;
    const rows = texts.map((content, index) => ({
      session_id: id,
      user_id: mallory,
      content,
      created_at: new Date(start + index * 1_000).toISOString(),
      message_type: "text",
      metadata: {},
      ...row(content),
    }));
    await insert("chat_messages", rows);
  };
  const open = async (title) => {
    await alice.open(title);
    await alice.page.getByRole("heading", { level: 1, name: title, exact: true }).waitFor();
    await alice.see("message");
  };
  const untouched = async () => {
    assert.deepEqual(await foreignIn(alice.page), []);
    assert.deepEqual(await overflow(alice.page), []);
    await alice.watched.clean();
  };

  before(async () => {
    const browser = await startBrowser();
    ends.push(() => browser.close());
    project = await Project.start(ends);
    owner = await project.account(ALICE);
    mallory = await project.account(MALLORY);
    for (const [place, row] of Object.entries(KINDS)) await session(`Read ${place}`, CORPUS, row);
    await session("Read in Markdown", MARKED.map(POSITIONS), () => ({ role: "assistant" }));
    await insert(
      "crypto_prices",
      SYMBOLS.map((symbol, index) => ({ symbol, price: `${index + 1}.5` })),
    );
    alice = await Person.join(browser, ends, project, ALICE);
  });
  after(() => ends.all());

  it("are there, with what would run", () => {
    assert.ok(CORPUS.length >= 600, `${CORPUS.length} texts`);
    const running = CORPUS.filter((text) => /<[a-z]|javascript:|on\w+\s*=/i.test(text));
    assert.ok(running.length >= 300, `${running.length} texts with markup or scripts`);
  });

  for (const place of Object.keys(KINDS)) {
    it(`stay text ${place}`, async () => {
      await open(`Read ${place}`);
      const seen = await readSession(alice.page, CORPUS.length);
      if (place === "written by a person") {
        const shown = [...seen.values()].join("\n");
        for (const text of CORPUS) {
          assert.ok(shown.includes(text), `cannot be read: ${JSON.stringify(text)}`);
        }
      }
      await untouched();
    });
  }

  it("stay text in each position of Markdown", async () => {
    await alice.page.setViewportSize({ width: 1280, height: 4_000 });
    await open("Read in Markdown");
    await readSession(alice.page, MARKED.length);
    await untouched();
    await alice.page.setViewportSize({ width: 1280, height: 800 });
  });

  it("stay text as symbols", async () => {
    await alice.press("Control+Shift+A");
    await alice.see("alert-editor");
    await alice.click("alert-symbol");
    await alice.until(
      (count) => document.querySelectorAll("[role=menuitemradio]").length >= count,
      SYMBOLS.length,
    );
    const listed = await alice.page.getByRole("menuitemradio").allTextContents();
    for (const symbol of SYMBOLS) {
      assert.ok(
        listed.some((text) => text.includes(symbol)),
        `no symbol is called ${JSON.stringify(symbol)}`,
      );
    }
    await untouched();
    await alice.press("Escape");
    await alice.press("Escape");
    await alice.gone("alert-editor");
  });

  it("stay text as titles", async () => {
    await insert(
      "chat_sessions",
      CORPUS.map((title) => ({ id: randomUUID(), user_id: owner, title })),
    );
    await alice.until(
      (count) => document.querySelectorAll("[data-testid=session-row]").length >= count,
      CORPUS.length,
    );
    const titles = await alice.page.locator("[data-testid=session-row] .title").allTextContents();
    for (const title of CORPUS) {
      assert.ok(titles.includes(title), `no session is called ${JSON.stringify(title)}`);
    }
    await untouched();
  });
});

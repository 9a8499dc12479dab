// Somebody who has used the program for long: a project with many messages, all of them kept.

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { Project, startEngine } from "../support/engine.mjs";
import { ALICE, BOB, Person } from "../support/person.mjs";
import { equip } from "./inpage.mjs";
import { own, text } from "./words.js";

/** The session with nearly all messages. */
export const LONG = "long-talk";
/** The most rows of a request. */
const BATCH = 1000;
/** When the first message was written, and the time between two. */
const BEGAN = Date.UTC(2025, 0, 1);
const BETWEEN = 40_000;
const VIEWPORT = { width: 1280, height: 800 };
/** How long the messages may take to be here; the engine asks twice a second. */
const DOWNLOAD = 15 * 60_000;

/** A message's row by its number. */
function row(session, number, people, at) {
  return {
    session_id: session,
    user_id: own(number) ? people.alice : people.bob,
    role: "user",
    content: text(number),
    created_at: new Date(at).toISOString(),
  };
}

export class Home {
  #browser;
  #url;
  #people;
  #bare;
  #next = 0;

  /** Fills a project, signs in, and waits until everything is here and can be searched. */
  static async prepare(browser, ends, count) {
    const home = new Home();
    home.#browser = browser;
    home.count = count;
    home.project = await Project.start(ends);
    const [alice, bob] = [await home.project.account(ALICE), await home.project.account(BOB)];
    home.#people = { alice, bob };
    const last = new Date(BEGAN + count * BETWEEN).toISOString();
    await home.project.insert("chat_sessions", [
      { id: LONG, user_id: alice, title: "The long talk", last_activity: last },
      ...Array.from({ length: 12 }, (_, at) => ({
        id: `other-${at}`,
        user_id: alice,
        title: `Another matter ${at}`,
        last_activity: new Date(BEGAN + at * BETWEEN).toISOString(),
      })),
    ]);
    for (let from = 0; from < count; from += BATCH) {
      await home.write(LONG, Math.min(BATCH, count - from), BEGAN + from * BETWEEN);
    }
    await home.#signIn(ends);
    return home;
  }

  /** Writes that many more messages into a session. */
  async write(session, count, at) {
    const rows = Array.from({ length: count }, (_, place) =>
      row(session, this.#next + place, this.#people, at + place * BETWEEN),
    );
    this.#next += count;
    await this.project.insert("chat_messages", rows);
  }

  async #signIn(ends) {
    const { url } = await startEngine(ends, this.project.options);
    this.#url = url;
    const first = await open(this.#browser, url);
    const alice = new Person(first);
    await alice.fill("signin-email", ALICE.email);
    await alice.fill("signin-password", ALICE.password);
    await alice.click("signin-submit");
    await alice.see("new-session");
    await here(first.page, LONG, this.count);
    // It is as if all had been read.
    await first.page.evaluate(async (session) => {
      const at = { at: "latest" };
      const { rows } = await window.ask("messages", { session, at, limit: 1 });
      await window.ask("mark_read", { session, message: rows.at(-1).id });
    }, LONG);
    await first.close();
  }

  /** A page over the engine, with the long talk open and at its end. */
  async open() {
    const opened = await open(this.#browser, this.#url);
    const person = new Person(opened);
    await person.open("The long talk");
    await person.message(text(this.count - 1)).waitFor();
    return opened;
  }

  /** The bare page, of the same messages, at its end. */
  async openBare(ends) {
    this.#bare ??= await serveBare(ends);
    const opened = await open(this.#browser, `${this.#bare}/bare.html?messages=${this.count}`);
    await opened.page.locator(`[data-number="${this.count - 1}"]`).waitFor();
    return opened;
  }
}

/** Waits until so many messages of a session are on this device, at rest, and can be searched. */
async function here(page, session, count) {
  await until(
    page,
    async ([wanted, messages]) => {
      const own = await window.ask("details", { session: wanted }).catch(() => undefined);
      if (own?.messages !== messages) return false;
      const { active } = await window.ask("snapshot", {});
      if (active.connection.state !== "live" || active.download !== null) return false;
      const { searched, total } = await window.ask("search", { query: "1", limit: 1 });
      return searched === total;
    },
    [session, count],
    DOWNLOAD,
  );
}

/** Waits until a script that asks the engine says yes: `waitForFunction` takes the promise for one. */
export async function until(page, script, argument, most = 30_000) {
  const deadline = Date.now() + most;
  while (!(await page.evaluate(script, argument))) {
    if (Date.now() > deadline) throw new Error(`not so within ${most} ms: ${script}`);
    await page.waitForTimeout(500);
  }
}

/** A page with nothing between it and the browser, and the browser's own tools for it. */
async function open(browser, url) {
  const context = await browser.newContext({ viewport: VIEWPORT, locale: "en-GB" });
  await context.addInitScript(equip);
  const page = await context.newPage();
  await page.goto(url);
  const tools = await context.newCDPSession(page);
  await tools.send("Performance.enable");
  return { page, tools, close: () => context.close() };
}

const TYPES = { html: "text/html; charset=utf-8", js: "text/javascript; charset=utf-8" };

/** Serves the files of the bare page. */
async function serveBare(ends) {
  const server = createServer(async (request, response) => {
    const [, name, type] = /^\/((?:bare|words)\.(html|js))/.exec(request.url ?? "") ?? [];
    if (name === undefined) {
      response.writeHead(204).end();
      return;
    }
    response.writeHead(200, { "content-type": TYPES[type] });
    response.end(await readFile(new URL(name, import.meta.url)));
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  ends.push(async () => {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  });
  return `http://127.0.0.1:${server.address().port}`;
}

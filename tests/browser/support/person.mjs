// Somebody at a page: what a person does with pointer and keys, each awaited until it shows.

import assert from "node:assert/strict";
import { openPage } from "./chromium.mjs";
import { startEngine } from "./engine.mjs";
import { focus } from "./judge.mjs";

export const ALICE = {
  email: "alice@example.com",
  password: "an easy password",
  name: "Alice Ahn",
};
export const BOB = { email: "bob@example.com", password: "another password", name: "Bob Berg" };

/** Drives one page. */
export class Person {
  constructor(watched) {
    this.watched = watched;
    this.page = watched.page;
  }

  /** A page over an engine of its own. */
  static async start(browser, ends, { engine = [], page = {} } = {}) {
    const { url, local } = await startEngine(ends, engine);
    const person = new Person(await openPage(browser, url, page));
    ends.push(() => person.watched.close());
    person.local = local;
    await person.page.goto(url);
    return person;
  }

  /** One with an account, signed in at a project. */
  static async join(browser, ends, project, who, options = {}) {
    const person = await Person.start(browser, ends, { engine: project.options, ...options });
    await person.fill("signin-email", who.email);
    await person.fill("signin-password", who.password);
    await person.click("signin-submit");
    await person.see("new-session");
    return person;
  }

  get(testid) {
    return this.page.getByTestId(testid);
  }

  click(testid, options) {
    return this.get(testid).first().click(options);
  }

  fill(testid, text) {
    return this.get(testid).fill(text);
  }

  see(testid) {
    return this.get(testid).first().waitFor();
  }

  async gone(testid) {
    await this.get(testid).first().waitFor({ state: "hidden" });
  }

  press(keys) {
    return this.page.keyboard.press(keys);
  }

  type(text) {
    return this.page.keyboard.type(text);
  }

  /** Waits until a script says yes; a promise would be one. */
  until(script, argument) {
    assert.notEqual(script.constructor.name, "AsyncFunction");
    return this.page.waitForFunction(script, argument);
  }

  message(text) {
    return this.get("message").filter({ hasText: text });
  }

  /** Waits until the message with a text is in a state, say `delivered`. */
  state(text, state) {
    return this.page
      .locator(`[data-testid=message][data-state="${state}"]`)
      .filter({ hasText: text })
      .first()
      .waitFor();
  }

  async say(text) {
    await this.fill("composer", text);
    await this.get("composer").press("Enter");
  }

  async newSession(title) {
    await this.click("new-session");
    await this.fill("session-name", title);
    await this.click("session-create");
    await this.page.getByRole("heading", { level: 1, name: title }).waitFor();
    await this.see("composer");
  }

  /** Opens the session of that title; what another one's last message says is no title. */
  open(title) {
    const named = this.page.locator(".title").getByText(title, { exact: true });
    return this.get("session-row").filter({ has: named }).first().click();
  }

  /** Where the focus is. Lost, hidden or out of view it is a failure. */
  async focused(after) {
    const found = await focus(this.page);
    assert.ok(!found.lost, `the focus is lost after ${after}`);
    assert.ok(found.inside, `the focus is out of view after ${after}: ${found.name}`);
    return found;
  }

  /** Waits until something has the focus, which has to be seen there. */
  async focusOn(css, after) {
    await this.until((wanted) => document.activeElement?.matches(wanted) ?? false, css).catch(
      async (error) => {
        const at = JSON.stringify(await focus(this.page));
        throw new Error(`no focus on ${css} after ${after}; it is at ${at}`, { cause: error });
      },
    );
    const found = await this.focused(after);
    assert.ok(found.seen, `nothing shows the focus on ${css} after ${after}`);
  }

  /** Goes on with Tab until something has the focus, and checks every stop on the way. */
  async tabTo(css, keys = "Tab", most = 60) {
    for (let step = 0; step < most; step += 1) {
      if (await this.page.evaluate((at) => document.activeElement?.matches(at) ?? false, css))
        return;
      await this.press(keys);
      const found = await this.focused(`${keys} on the way to ${css}`);
      assert.ok(found.seen, `nothing shows the focus on ${found.tag} “${found.name}”`);
    }
    assert.fail(`${css} was not reached with ${most} times ${keys}`);
  }
}

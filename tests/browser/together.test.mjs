// Two people at one project, each with an engine of their own; and a project that dies under one.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { lacking, startBrowser } from "./support/chromium.mjs";
import { Ends, Project } from "./support/engine.mjs";
import { ALICE, BOB, Person } from "./support/person.mjs";

describe("two people", { skip: lacking }, () => {
  const ends = new Ends();
  /** @type {Project} */
  let project;
  /** @type {Person} */
  let alice;
  /** @type {Person} */
  let bob;

  let browser;

  before(async () => {
    browser = await startBrowser();
    ends.push(() => browser.close());
    project = await Project.start(ends);
    await project.account(ALICE);
    await project.account(BOB);
    alice = await Person.join(browser, ends, project, ALICE);
    bob = await Person.join(browser, ends, project, BOB);
  });
  after(() => ends.all());

  it("a wrong password is said in plain words, and one goes on where one was", async () => {
    const stranger = await Person.start(browser, ends, { engine: project.options });
    await stranger.fill("signin-email", ALICE.email);
    await stranger.fill("signin-password", "no password of hers");
    await stranger.click("signin-submit");
    await stranger.page.getByText("The mail address or the password is wrong.").waitFor();
    await stranger.focused("a wrong password");
    await stranger.fill("signin-password", ALICE.password);
    await stranger.press("Enter");
    await stranger.see("new-session");
  });

  it("come together with an invitation", async () => {
    await alice.newSession("Garden");
    await alice.say("Who waters the beans?");
    await alice.state("Who waters the beans?", "delivered");
    await alice.click("session-menu");
    await alice.click("session-invite");
    await alice.click("invite-create");
    const code = (await alice.get("invite-code").innerText()).trim();
    await alice.click("invite-done");
    await alice.focused("inviting");
    await bob.press("Control+k");
    await bob.fill("palette-input", ">join");
    await bob.press("Enter");
    await bob.fill("join-code", code);
    await bob.click("join");
    await bob.message("Who waters the beans?").first().waitFor();
    await bob.focused("joining");
  });

  it("see each other come", async () => {
    await alice.get("people-count").filter({ hasText: "1 online" }).waitFor();
    await bob.get("people-count").filter({ hasText: "1 online" }).waitFor();
    await alice.click("tab-details");
    await alice.page.locator("[data-testid=participant]", { hasText: BOB.name }).waitFor();
  });

  it("see each other write", async () => {
    await bob.get("composer").click();
    await bob.type("I can, on");
    await alice.get("typing").filter({ hasText: BOB.name }).waitFor();
    await bob.type(" Monday");
    await bob.press("Enter");
    await alice.message("I can, on Monday").first().waitFor();
    await alice.get("typing").filter({ hasText: BOB.name }).waitFor({ state: "hidden" });
    await bob.state("I can, on Monday", "delivered");
  });

  it("see each other's changes and deletions", async () => {
    await bob.message("I can, on Monday").first().hover();
    await bob.message("I can, on Monday").first().getByTestId("message-edit").click();
    await bob.fill("message-edit-box", "I can, on Tuesday");
    await bob.get("message-edit-box").press("Enter");
    await alice.message("I can, on Tuesday").first().waitFor();
    await bob.say("oops");
    await alice.message("oops").first().waitFor();
    const slip = bob.message("oops").first();
    await slip.hover();
    await slip.getByTestId("message-more").click();
    await bob.click("message-delete");
    await bob.click("confirm-action");
    await alice.message("oops").first().waitFor({ state: "detached" });
  });

  it("read what an assistant writes as a page", async () => {
    const [{ id }] = await project.select("chat_sessions", "title=eq.Garden&select=id");
    const content =
      "**Soup** at *noon*, `today`\n\n- one\n- two\n\n| a | b |\n|---|---|\n| 1 | 2 |";
    await project.insert("chat_messages", { session_id: id, role: "assistant", content });
    const soup = alice.message("Soup").first();
    await soup.waitFor();
    assert.equal(await soup.locator("strong").innerText(), "Soup");
    assert.equal(await soup.locator("em").innerText(), "noon");
    assert.equal(await soup.locator("li").count(), 2);
    assert.equal(await soup.locator("td").count(), 2);
  });

  it("are told of what they have not read", async () => {
    await bob.newSession("Notes");
    await bob.say("mine");
    await alice.say("Thank you");
    const garden = bob.get("session-row").filter({ hasText: "Garden" });
    await garden.and(bob.page.locator('[data-unread="1"]')).waitFor();
    await bob.open("Garden");
    await bob.message("Thank you").first().waitFor();
    await bob.see("unread-divider");
    await garden.and(bob.page.locator('[data-unread="0"]')).waitFor();
  });

  it("go on writing while the project is gone, and all is sent when it is back", async () => {
    await project.die();
    await alice.page.locator("[data-testid=banner][data-kind=offline]").waitFor();
    await alice.say("Written in the dark");
    await alice.state("Written in the dark", "queued");
    await alice.get("outbox-count").filter({ hasText: "1" }).waitFor();
    await alice.click("outbox-open");
    await alice.get("outbox-row").filter({ hasText: "Written in the dark" }).waitFor();
    await alice.press("Escape");
    await alice.gone("outbox");
    await alice.focused("closing the outbox");
    // What is here can still be found.
    await alice.press("Control+k");
    await alice.fill("palette-input", "beans");
    await alice.page.locator("[data-option^=message-]").first().waitFor();
    await alice.press("Escape");
    await project.revive();
    // It comes back by itself as well, and then there is no such button any more.
    await alice.state("Written in the dark", "delivered");
    await bob.message("Written in the dark").first().waitFor();
    const rows = await project.select(
      "chat_messages",
      "content=eq.Written%20in%20the%20dark&select=id",
    );
    assert.equal(rows.length, 1);
  });

  it("did nothing else: no dialog, no error, no other origin", async () => {
    await alice.watched.clean();
    await bob.watched.clean();
  });
});

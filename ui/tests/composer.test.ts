import { fireEvent, render, screen } from "@testing-library/svelte";
import { flushSync, tick } from "svelte";
import { beforeEach, describe, expect, it } from "vitest";
import type { MessagePage } from "../src/lib/bindings";
import Composer from "../src/lib/conversation/Composer.svelte";
import { charactersLeft, MAX_CHARACTERS } from "../src/lib/conversation/length";
import { app } from "../src/lib/state/app.svelte";
import { conversation } from "../src/lib/state/conversation.svelte";
import { drafts } from "../src/lib/state/drafts";
import { useBackend } from "../src/lib/state/engine.svelte";
import { sessions } from "../src/lib/state/sessions.svelte";
import { settings as held } from "../src/lib/state/settings.svelte";
import { closeMenu, openMenu } from "../src/lib/ui/menu.svelte";
import { toast } from "../src/lib/ui/toast.svelte";
import { HandBackend, message, session, settings } from "./fixtures";

let backend: HandBackend;

async function open(more: Parameters<typeof session>[1] = {}, id = "s"): Promise<void> {
  const row = session(id, { title: "Plans", ...more });
  sessions.apply([row], []);
  const opening = conversation.open(id);
  (await backend.next("open_session")).answer({
    session: row,
    page: {
      rows: [message("a", { own: true, content: "Mine" })],
      gaps: [],
      before: "end",
      after: "end",
    },
    first_unread: null,
    people: [],
  });
  await opening;
}

function field(): HTMLTextAreaElement {
  return screen.getByTestId("composer");
}

async function write(text: string): Promise<void> {
  await fireEvent.input(field(), { target: { value: text } });
}

beforeEach(() => {
  conversation.reset();
  drafts.clear();
  sessions.clear();
  backend = new HandBackend();
  useBackend(backend);
  held.begin(settings);
  app.connection = { state: "live" };
});

describe("the composer", () => {
  it("sends on Enter and is free at once", async () => {
    await open();
    render(Composer);
    await write("Hello");
    await fireEvent.keyDown(field(), { key: "Enter" });
    expect(field().value).toBe("");
    const sent = await backend.next("send_message");
    expect(sent.args).toEqual({ session: "s", content: "Hello", reply_to: null });
    sent.answer(message("b", { own: true, content: "Hello", state: { state: "queued" } }));
    await expect.poll(() => conversation.messages.map(({ id }) => id)).toEqual(["a", "b"]);
  });

  it("takes the focus with the session, not from a menu that was opened meanwhile", async () => {
    render(Composer);
    await open();
    await expect.poll(() => document.activeElement).toBe(field());
    field().blur();
    openMenu(document.body, "Session", [{ label: "Mute", action: () => undefined }]);
    await open({}, "t");
    flushSync();
    expect(document.activeElement).not.toBe(field());
    closeMenu();
  });

  it("gives the text back when it was not taken", async () => {
    await open();
    render(Composer);
    await write("Keep me");
    await fireEvent.keyDown(field(), { key: "Enter" });
    (await backend.next("send_message")).refuse({
      code: "storage",
      message: "No space left on this disk.",
      details: null,
    });
    await expect.poll(() => field().value).toBe("Keep me");
    expect(toast.current?.text).toBe("No space left on this disk.");
  });

  it("keeps what is written while the last one is being taken", async () => {
    await open();
    render(Composer);
    await write("First");
    await fireEvent.keyDown(field(), { key: "Enter" });
    const first = await backend.next("send_message");
    await write("Second");
    first.answer(message("b", { own: true, content: "First" }));
    await expect.poll(() => conversation.messages.length).toBe(2);
    expect(field().value).toBe("Second");
    await fireEvent.keyDown(field(), { key: "Enter" });
    const second = await backend.next("send_message");
    expect(second.args).toMatchObject({ content: "Second" });
    await write("Third");
    second.refuse({ code: "storage", message: "No space left on this disk.", details: null });
    await expect.poll(() => field().value).toBe("Second\n\nThird");
  });

  it("keeps what is written before the session is there, after what was kept", async () => {
    const row = session("s", { draft: "Kept" });
    sessions.apply([row], []);
    const opening = conversation.open("s");
    render(Composer);
    await write("Quick");
    const page: MessagePage = { rows: [], gaps: [], before: "end", after: "end" };
    const opened = await backend.next("open_session");
    opened.answer({ session: row, page, first_unread: null, people: [] });
    await opening;
    await expect.poll(() => field().value).toBe("Kept\n\nQuick");
    conversation.leave();
    const kept = await backend.next("set_draft");
    expect(kept.args).toEqual({ session: "s", text: "Kept\n\nQuick" });
    kept.answer({});
    sessions.apply([{ ...row, draft: "Kept\n\nQuick" }], []);

    void conversation.open("s");
    await backend.next("open_session");
    await write("left at once");
    conversation.leave();
    const left = await backend.next("set_draft");
    expect(left.args).toEqual({ session: "s", text: "Kept\n\nQuick\n\nleft at once" });
  });

  it("takes the answer to the last opening alone, and no draft before it", async () => {
    const row = session("s", { draft: "Kept" });
    sessions.apply([row, session("t")], []);
    const page: MessagePage = { rows: [], gaps: [], before: "end", after: "end" };
    const opened = { session: row, page, first_unread: null, people: [] };
    const first = conversation.open("s");
    const early = await backend.next("open_session");
    void conversation.open("t");
    await backend.next("open_session");
    const last = conversation.open("s");
    const late = await backend.next("open_session");
    conversation.takeDraft("Kept");
    early.answer(opened);
    await first;
    expect([conversation.ready, conversation.draft]).toEqual([false, ""]);
    late.answer(opened);
    await last;
    expect(conversation.draft).toBe("Kept");
  });

  it("has what was written though the cache does not have it yet", async () => {
    await open({ draft: "Kept" });
    render(Composer);
    await write("Kept, and more");
    conversation.leave();
    expect((await backend.next("set_draft")).args).toMatchObject({ text: "Kept, and more" });
    await open({ draft: "Kept" });
    expect(conversation.draft).toBe("Kept, and more");
  });

  it("gives a text back as it was written, with the space that made it a message", async () => {
    await open();
    render(Composer);
    await write(" /archive");
    await fireEvent.keyDown(field(), { key: "Enter" });
    const sent = await backend.next("send_message");
    expect(sent.args).toMatchObject({ content: "/archive" });
    sent.refuse({ code: "storage", message: "No space left on this disk.", details: null });
    await expect.poll(() => field().value).toBe(" /archive");
  });

  it("gives a text back to its own session when another was opened meanwhile", async () => {
    await open();
    render(Composer);
    await write("Keep me");
    await fireEvent.keyDown(field(), { key: "Enter" });
    const sent = await backend.next("send_message");
    conversation.leave();
    await open({}, "other");
    sent.refuse({ code: "storage", message: "No space left on this disk.", details: null });
    const kept = await backend.next("set_draft");
    expect(kept.args).toEqual({ session: "s", text: "Keep me" });
    expect(field().value).toBe("");
  });

  it("keeps everything in its own workspace when another is chosen", async () => {
    await open();
    render(Composer);
    await write("Refused");
    await fireEvent.keyDown(field(), { key: "Enter" });
    const sent = await backend.next("send_message");
    const row = session("t", { draft: "Kept" });
    sessions.apply([row], []);
    void conversation.open("t");
    await backend.next("open_session");
    await write("Quick");
    const selecting = app.select("w2");
    const quick = await backend.next("set_draft");
    expect(quick.args).toEqual({ session: "t", text: "Kept\n\nQuick" });
    sent.refuse({ code: "storage", message: "No space left on this disk.", details: null });
    const refused = await backend.next("set_draft");
    expect(refused.args).toEqual({ session: "s", text: "Refused" });
    quick.answer({});
    await tick();
    expect(backend.names()).not.toContain("select_workspace");
    refused.answer({});
    const selected = await backend.next("select_workspace");
    expect(selected.args).toEqual({ id: "w2" });
    // One that cannot be had leaves the window where it was.
    selected.refuse({ code: "storage", message: "No space left on this disk.", details: null });
    expect((await backend.next("open_session")).args).toEqual({ session: "t" });
    void selecting;
  });

  it("leaves an arrow with Alt to the list of sessions", async () => {
    await open();
    render(Composer);
    for (const shiftKey of [false, true]) {
      await fireEvent.keyDown(field(), { key: "ArrowUp", altKey: true, shiftKey });
      expect(conversation.editing).toBeUndefined();
    }
    await fireEvent.keyDown(field(), { key: "ArrowUp" });
    expect(conversation.editing).toBe("a");
  });

  it("begins a new line on Shift+Enter", async () => {
    await open();
    render(Composer);
    await write("one");
    const event = new KeyboardEvent("keydown", { key: "Enter", shiftKey: true, cancelable: true });
    field().dispatchEvent(event);
    expect(event.defaultPrevented).toBe(false);
    expect(backend.names()).not.toContain("send_message");
  });

  it("leaves Enter to an input method that is composing", async () => {
    await open();
    render(Composer);
    await write("にほん");
    await fireEvent.keyDown(field(), { key: "Enter", isComposing: true });
    await fireEvent.keyDown(field(), { key: "Enter", keyCode: 229 });
    expect(field().value).toBe("にほん");
    expect(backend.names()).not.toContain("send_message");
  });

  it("sends on Ctrl+Enter alone where that is chosen", async () => {
    await open();
    held.take({ ...settings, enter_sends: false });
    render(Composer);
    await write("one");
    await fireEvent.keyDown(field(), { key: "Enter" });
    expect(backend.names()).not.toContain("send_message");
    await fireEvent.keyDown(field(), { key: "Enter", ctrlKey: true });
    expect((await backend.next("send_message")).args).toMatchObject({ content: "one" });
  });

  it("does not send nothing", async () => {
    await open();
    render(Composer);
    await write("  \n ");
    await fireEvent.keyDown(field(), { key: "Enter" });
    await fireEvent.click(screen.getByTestId("send"));
    expect(backend.names()).not.toContain("send_message");
    expect(screen.getByTestId("send").getAttribute("aria-disabled")).toBe("true");
  });

  it("stays open offline and signed out, and says what will happen", async () => {
    await open();
    app.connection = { state: "offline", since: 0, retry_at: null, reason: null, project: null };
    render(Composer);
    expect(field().placeholder).toBe("Write now, send later");
    await write("later");
    await fireEvent.keyDown(field(), { key: "Enter" });
    expect((await backend.next("send_message")).args).toMatchObject({ content: "later" });
    app.connection = { state: "signed_out" };
    flushSync();
    expect(field().placeholder).toBe("Write now, send after signing in");
  });

  it("is closed in an archived session and without access", async () => {
    await open({ status: "archived" });
    render(Composer);
    expect(screen.getByTestId("composer-closed").textContent).toBe("This session is archived.");
    expect(screen.queryByTestId("composer")).toBeNull();
  });

  it("brings the draft back", async () => {
    await open({ draft: "Half a thought" });
    render(Composer);
    expect(field().value).toBe("Half a thought");
  });

  it("keeps the draft when it is left", async () => {
    await open();
    render(Composer);
    await write("Half");
    await fireEvent.blur(field());
    expect((await backend.next("set_draft")).args).toEqual({ session: "s", text: "Half" });
  });

  it("tells the others once that one is writing, and when it ends", async () => {
    await open();
    render(Composer);
    await write("a");
    await write("ab");
    expect((await backend.next("typing")).args).toEqual({ session: "s", typing: true });
    expect(backend.names()).not.toContain("typing");
    await write("");
    expect((await backend.next("typing")).args).toEqual({ session: "s", typing: false });
  });

  it.each([{ presence: false }, { send_typing: false }])(
    "says nothing of writing with %o",
    async (off) => {
      await open();
      held.take({ ...settings, ...off });
      render(Composer);
      await write("a");
      expect(backend.names()).not.toContain("typing");
    },
  );

  it("says how much is left near the limit, and refuses beyond it", async () => {
    await open();
    render(Composer);
    await write("x".repeat(MAX_CHARACTERS - 2));
    expect(screen.getByTestId("characters-left").textContent?.trim()).toBe("2 characters left");
    await write("x".repeat(MAX_CHARACTERS + 1));
    expect(screen.getByTestId("characters-left").textContent?.trim()).toBe("1 character too many");
    await fireEvent.keyDown(field(), { key: "Enter" });
    expect(backend.names()).not.toContain("send_message");
  });

  it("changes the last own message with the up arrow while it is empty", async () => {
    await open();
    render(Composer);
    await fireEvent.keyDown(field(), { key: "ArrowUp" });
    expect(conversation.editing).toBe("a");
  });

  it("sends a reply, and forgets it with Escape", async () => {
    await open();
    render(Composer);
    conversation.replyTo = message("a", { author: "Bob", content: "What?" });
    await tick();
    await fireEvent.keyDown(field(), { key: "Escape" });
    expect(conversation.replyTo).toBeUndefined();
    conversation.replyTo = message("a", { author: "Bob", content: "What?" });
    await write("That");
    await fireEvent.keyDown(field(), { key: "Enter" });
    expect((await backend.next("send_message")).args).toMatchObject({ reply_to: "a" });
  });
});

describe("the limit", () => {
  it("counts characters, not units", () => {
    expect(charactersLeft("x".repeat(18_000))).toBeUndefined();
    expect(charactersLeft("x".repeat(MAX_CHARACTERS))).toBe(0);
    expect(charactersLeft("🙂".repeat(MAX_CHARACTERS))).toBe(0);
    expect(charactersLeft("🙂".repeat(10_000))).toBeUndefined();
    expect(charactersLeft("🙂".repeat(MAX_CHARACTERS + 1))).toBe(-1);
  });
});

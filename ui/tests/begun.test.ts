import { fireEvent, render, screen } from "@testing-library/svelte";
import { flushSync } from "svelte";
import { beforeEach, describe, expect, it } from "vitest";
import ConversationPane from "../src/lib/conversation/ConversationPane.svelte";
import EditBox from "../src/lib/conversation/EditBox.svelte";
import { begun } from "../src/lib/state/begun";
import { conversation } from "../src/lib/state/conversation.svelte";
import { drafts } from "../src/lib/state/drafts";
import { useBackend } from "../src/lib/state/engine.svelte";
import { sessions } from "../src/lib/state/sessions.svelte";
import { settings as held } from "../src/lib/state/settings.svelte";
import { HandBackend, message, opened, session, settings } from "./fixtures";

let backend: HandBackend;
const mine = message("mine", { own: true, content: "As it was" });
const asked = message("asked", { author: "Bob", content: "When?" });

beforeEach(() => {
  conversation.reset();
  drafts.clear();
  sessions.clear();
  backend = new HandBackend();
  useBackend(backend);
  held.begin(settings);
  sessions.apply([session("s"), session("t")], []);
});

async function open(id: string): Promise<void> {
  const opening = conversation.open(id);
  const { page, ...more } = opened(id);
  const rows = id === "s" ? [mine, asked] : [];
  (await backend.next("open_session")).answer({ ...more, page: { ...page, rows } });
  await opening;
  flushSync();
}

const box = () => screen.getByTestId<HTMLTextAreaElement>("message-edit-box");

describe("what was begun in a session", () => {
  it("is there again after another session: the change as it was written, and the answer", async () => {
    await open("s");
    conversation.editing = "mine";
    render(EditBox, { message: mine });
    await fireEvent.input(box(), { target: { value: "As it will" } });
    conversation.replyTo = asked;
    await open("t");
    expect([conversation.editing, conversation.replyTo]).toEqual([undefined, undefined]);
    await open("s");
    expect([conversation.editing, conversation.replyTo?.id]).toEqual(["mine", "asked"]);
    document.body.replaceChildren();
    render(EditBox, { message: mine });
    expect(box().value).toBe("As it will");
    // Nobody asked for it now: the focus stays with the field for new messages.
    expect(document.activeElement).not.toBe(box());
  });

  it("is not there once it was given up", async () => {
    await open("s");
    conversation.editing = "mine";
    render(EditBox, { message: mine });
    expect(document.activeElement).toBe(box());
    await fireEvent.input(box(), { target: { value: "As it will" } });
    await fireEvent.keyDown(box(), { key: "Escape" });
    await open("t");
    await open("s");
    expect(conversation.editing).toBeUndefined();
    expect(begun.text("mine")).toBeUndefined();
  });

  it("is not there once it was saved, also where the session was left meanwhile", async () => {
    await open("s");
    conversation.editing = "mine";
    render(EditBox, { message: mine });
    await fireEvent.input(box(), { target: { value: "As it will" } });
    await fireEvent.keyDown(box(), { key: "Enter" });
    const saving = await backend.next("edit_message");
    await open("t");
    saving.answer({ ...mine, content: "As it will" });
    await expect.poll(() => begun.text("mine")).toBeUndefined();
    await open("s");
    expect(conversation.editing).toBeUndefined();
  });

  it("an answer that was sent is over, and comes back with its text when it was not taken", async () => {
    await open("s");
    conversation.replyTo = asked;
    void conversation.send("At nine");
    const sent = await backend.next("send_message");
    expect(sent.args).toMatchObject({ reply_to: "asked" });
    await open("t");
    expect(begun.take("s")).toBeUndefined();
    sent.refuse(new Error("No space left."));
    await expect.poll(() => drafts.onItsWay("s")).toBe("At nine");
    await open("s");
    expect(conversation.replyTo?.id).toBe("asked");
  });

  it("ends with its message, and with its workspace", async () => {
    await open("s");
    conversation.replyTo = asked;
    conversation.editing = "mine";
    begun.write("mine", "As it will");
    await open("t");
    begun.forget(["asked", "mine"]);
    expect(begun.text("mine")).toBeUndefined();
    await open("s");
    expect(conversation.replyTo).toBeUndefined();
    expect(conversation.editing).toBeUndefined();
    begun.workspace = "gone";
    begun.write("mine", "As it will");
    begun.keepOnly(["here"]);
    expect(begun.text("mine")).toBeUndefined();
  });

  it("belongs to its workspace", () => {
    begun.workspace = "one";
    begun.write("mine", "As it will");
    begun.workspace = "two";
    expect(begun.text("mine")).toBeUndefined();
    begun.workspace = "one";
    expect(begun.text("mine")).toBe("As it will");
  });
});

it("a change is saved by the keys that send a message", async () => {
  held.begin({ ...settings, enter_sends: false });
  await open("s");
  conversation.editing = "mine";
  render(EditBox, { message: mine });
  expect(screen.getByText("Ctrl+↵ saves, Esc cancels")).toBeTruthy();
  await fireEvent.input(box(), { target: { value: "As it will" } });
  await fireEvent.keyDown(box(), { key: "Enter" });
  expect(backend.names()).not.toContain("edit_message");
  await fireEvent.keyDown(box(), { key: "Enter", ctrlKey: true });
  expect((await backend.next("edit_message")).args).toMatchObject({ content: "As it will" });
});

it("the box of a change stands in its message when the session is opened again", async () => {
  await open("s");
  render(ConversationPane);
  conversation.editing = "mine";
  flushSync();
  await fireEvent.input(await screen.findByTestId("message-edit-box"), {
    target: { value: "Half" },
  });
  await open("t");
  expect(screen.queryByTestId("message-edit-box")).toBeNull();
  await open("s");
  expect((await screen.findByTestId<HTMLTextAreaElement>("message-edit-box")).value).toBe("Half");
});

import { fireEvent, render, screen, waitFor, within } from "@testing-library/svelte";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { OutboxRow, SendState } from "../src/lib/bindings";
import MessageState from "../src/lib/conversation/MessageState.svelte";
import { buildRows } from "../src/lib/conversation/rows";
import Overlays from "../src/lib/shell/Overlays.svelte";
import { conversation } from "../src/lib/state/conversation.svelte";
import { useBackend } from "../src/lib/state/engine.svelte";
import { sessions } from "../src/lib/state/sessions.svelte";
import { view } from "../src/lib/state/view.svelte";
import { HandBackend, message, opened, session } from "./fixtures";

let backend: HandBackend;
const held: SendState = { state: "held", written: Date.UTC(2026, 10, 20, 12) };
const failed: SendState = { state: "failed", code: "missing_session", reason: "It is gone." };

function row(seq: number, state: SendState, more: Partial<OutboxRow> = {}): OutboxRow {
  return {
    seq,
    session: "s",
    session_title: "Plans",
    message: `m${seq}`,
    change: "send",
    text: `text ${seq}`,
    state,
    attempts: 1,
    created_at: 0,
    ...more,
  };
}

async function shown(rows: OutboxRow[]): Promise<void> {
  view.overlay = { kind: "outbox" };
  render(Overlays);
  (await backend.next("outbox")).answer(rows);
  await waitFor(() => expect(screen.getAllByTestId("outbox-row").length).toBe(rows.length));
}

beforeEach(() => {
  backend = new HandBackend();
  useBackend(backend);
});

afterEach(() => {
  view.overlay = undefined;
  conversation.reset();
  sessions.clear();
});

it("asks about what is old, and sends one of it by its number", async () => {
  await shown([row(1, held), row(2, { state: "queued" })]);
  expect(screen.getByTestId("outbox-ask").textContent).toContain("more than two days ago");
  expect(screen.getAllByTestId("outbox-retry").length).toBe(1);
  await fireEvent.click(screen.getByTestId("outbox-retry"));
  expect((await backend.next("retry_change")).args).toEqual({ change: 1 });
});

it("sends all that is old, and gives it up only when that was confirmed", async () => {
  await shown([row(1, held), row(2, held)]);
  await fireEvent.click(screen.getByTestId("outbox-send-all"));
  const sending = await backend.next("answer_held");
  expect(sending.args).toEqual({ send: true });
  sending.answer({});
  await fireEvent.click(screen.getByTestId("outbox-discard-all"));
  expect(backend.names()).not.toContain("answer_held");
  await fireEvent.click(await screen.findByTestId("confirm-action"));
  expect((await backend.next("answer_held")).args).toEqual({ send: false });
});

it("offers the text where it can stand nowhere any more, and no change of it", async () => {
  await shown([row(1, failed), row(2, failed, { change: "delete_session", message: null })]);
  expect(screen.queryByTestId("outbox-edit")).toBeNull();
  expect(screen.getAllByTestId("outbox-discard").length).toBe(2);
  expect(screen.getAllByTestId("outbox-copy").length).toBe(1 + 1);
});

it.each([
  held,
  { state: "failed", code: "rules", reason: "Not allowed." },
  { state: "queued" },
] as const)("offers the text, and no way there, where the session is gone: %j", async (state) => {
  const loading = sessions.load();
  (await backend.next("sessions")).answer([session("other")]);
  await loading;
  await shown([row(1, state), row(2, state, { session: "other" })]);
  const [gone, there] = screen.getAllByTestId("outbox-row");
  if (!gone || !there) throw new Error("no rows");
  expect(within(gone).getByTestId("outbox-copy")).toBeTruthy();
  expect(within(gone).queryByTestId("outbox-edit")).toBeNull();
  expect(within(gone).queryByRole("button", { name: /Message in/ })).toBeNull();
  expect(within(there).queryByTestId("outbox-copy")).toBeNull();
  expect(within(there).getByRole("button", { name: /Message in/ })).toBeTruthy();
});

it("opens the message to change it", async () => {
  await shown([row(1, held)]);
  await fireEvent.click(screen.getByTestId("outbox-edit"));
  const opening = await backend.next("open_session");
  opening.answer({
    ...opened("s"),
    page: { rows: [message("m1", { own: true })], gaps: [], before: "end", after: "end" },
  });
  await waitFor(() => expect(conversation.editing).toBe("m1"));
  expect(view.overlay).toBeUndefined();
});

it("says at the message when it was written, and that what follows waits for it", async () => {
  const { unmount } = render(MessageState, {
    message: message("m1", { own: true, state: held }),
  });
  expect(screen.getByTestId("message-held").textContent).toContain("never sent");
  await fireEvent.click(screen.getByTestId("message-retry"));
  expect((await backend.next("retry_message")).args).toEqual({ message: "m1" });
  unmount();
  sessions.apply([session("s", { held: 1, queued: 1 })], []);
  render(MessageState, { message: message("m2", { own: true, state: { state: "queued" } }) });
  expect(screen.getByText("Queued, after what waits above")).toBeTruthy();
});

it("shows unsent messages of days ago behind newer ones, each row once", () => {
  const noon = new Date(2026, 9, 16, 12).getTime();
  const unsent = { own: true, state: held };
  const rows = buildRows(
    [
      message("a", { created_at: noon }),
      message("b", { ...unsent, created_at: noon - 3 * 86_400_000 }),
      message("c", { ...unsent, created_at: noon }),
    ],
    undefined,
    new Set(),
  );
  const keys = rows.map((each) => each.key);
  expect(new Set(keys).size).toBe(keys.length);
  expect(rows.map((each) => each.kind)).toEqual([
    "day",
    "message",
    "day",
    "message",
    "day",
    "message",
  ]);
});

it("puts the text of an edit that found nothing behind what is being written", async () => {
  const opening = conversation.open("s");
  (await backend.next("open_session")).answer(opened("s"));
  await opening;
  conversation.addToDraft("other", "not here");
  expect(conversation.draft).toBe("");
  conversation.addToDraft("s", "better words");
  conversation.addToDraft("s", "and more");
  expect(conversation.draft).toBe("better words\n\nand more");
  conversation.keepDraft();
  expect((await backend.next("set_draft")).args).toEqual({
    session: "s",
    text: "better words\n\nand more",
  });
  // What was kept elsewhere is taken, unless something was typed since.
  conversation.takeDraft("kept");
  expect(conversation.draft).toBe("kept");
  conversation.setDraft("kept, and typed");
  conversation.takeDraft("older");
  expect(conversation.draft).toBe("kept, and typed");
});

it("keeps the rows where they are while somebody points at them", () => {
  const at = (id: string, time: number) => session(id, { last_activity: time });
  const order = () => sessions.all.map((each) => each.id);
  sessions.apply([at("a", 3), at("b", 2), at("c", 1)], []);
  sessions.hold(true);
  sessions.apply([at("c", 9), at("new", 8)], []);
  expect(order()).toEqual(["new", "a", "b", "c"]);
  sessions.hold(true);
  sessions.hold(false);
  expect(order()).toEqual(["c", "new", "a", "b"]);
});

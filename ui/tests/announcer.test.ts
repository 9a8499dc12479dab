import { render, screen } from "@testing-library/svelte";
import { flushSync } from "svelte";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Connection, Download, MessageRow } from "../src/lib/bindings";
import ConversationPane from "../src/lib/conversation/ConversationPane.svelte";
import { app } from "../src/lib/state/app.svelte";
import { conversation } from "../src/lib/state/conversation.svelte";
import { useBackend } from "../src/lib/state/engine.svelte";
import { sessions } from "../src/lib/state/sessions.svelte";
import { settings as held } from "../src/lib/state/settings.svelte";
import { HandBackend, message, opened, session, settings } from "./fixtures";

const LIVE: Connection = { state: "live" };
const download: Download = { done: 1, total: 9, paused: false };

let backend: HandBackend;

async function open(rows: MessageRow[]): Promise<void> {
  const loading = sessions.load();
  (await backend.next("sessions")).answer([session("s")]);
  await loading;
  const opening = conversation.open("s");
  const { page, ...more } = opened("s");
  (await backend.next("open_session")).answer({ ...more, page: { ...page, rows } });
  await opening;
  render(ConversationPane);
  flushSync();
}

beforeEach(() => {
  backend = new HandBackend();
  useBackend(backend);
  held.begin(settings);
  app.connection = LIVE;
  app.download = undefined;
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
});

afterEach(() => {
  vi.useRealTimers();
  conversation.reset();
  sessions.clear();
  app.connection = { state: "connecting" };
  app.download = undefined;
});

/** Bob writes; what is said of it a second later. */
function comes(...rows: MessageRow[]): string {
  conversation.apply("s", rows, [], false);
  flushSync();
  return later();
}

function later(): string {
  vi.advanceTimersByTime(1000);
  flushSync();
  return screen.getByTestId("announcer").textContent;
}

const bob = (id: string, created_at: number, more: Partial<MessageRow> = {}) =>
  message(id, { author: "Bob", created_at, ...more });

it("what is there when a session is opened is not read out", async () => {
  await open([bob("old", 1)]);
  expect(later()).toBe("");
});

it("the first message in an empty session is spoken, by a region that was there before", async () => {
  await open([]);
  const region = screen.getByTestId("announcer");
  expect(region.getAttribute("aria-live")).toBe("polite");
  expect(comes(bob("Hello", 1))).toBe("Bob: Hello");
  expect(screen.getByTestId("announcer")).toBe(region);
});

it("one that was written before others, without a connection, is spoken when it comes", async () => {
  await open([bob("one", 10)]);
  expect(comes(bob("late", 5))).toBe("Bob: late");
});

it("the past of a session that is being fetched is not read out", async () => {
  app.download = download;
  await open([bob("one", 10)]);
  expect(comes(bob("past", 5))).toBe("");
  app.download = undefined;
  app.connection = { state: "catching_up", done: 1, total: 2 };
  expect(comes(bob("before", 6))).toBe("");
  expect(comes(bob("after", 11))).toBe("Bob: after");
});

it("an edit, one's own and what is read by scrolling are not news", async () => {
  await open([bob("one", 10)]);
  expect(comes(bob("one", 10, { content: "changed", edited: true }))).toBe("");
  expect(comes(message("mine", { own: true, created_at: 11 }))).toBe("");
  conversation.before = "more";
  const reading = conversation.loadOlder();
  const asked = await backend.next("messages");
  asked.answer({ rows: [bob("older", 1)], gaps: [], before: "end", after: "more" });
  await reading;
  expect(conversation.messages.length).toBe(3);
  expect(later()).toBe("");
});

it("what comes within a second is said together; the same words twice are said twice", async () => {
  await open([bob("one", 10)]);
  conversation.apply("s", [bob("two", 11)], [], false);
  flushSync();
  expect(comes(bob("three", 12))).toBe("Bob: two\nBob: three");
  expect(comes(bob("a", 13, { content: "ok" }))).toBe("Bob: ok");
  conversation.apply("s", [bob("b", 14, { content: "ok" })], [], false);
  flushSync();
  expect(screen.getByTestId("announcer").textContent).toBe("");
  expect(later()).toBe("Bob: ok");
});

it("many at once are counted", async () => {
  await open([bob("one", 10)]);
  const many = Array.from({ length: 40 }, (_, at) => bob(`m${at}`, 11 + at));
  expect(comes(...many)).toBe("40 new");
});

it("what came while events were missed is spoken once it is read", async () => {
  await open([bob("one", 10)]);
  const reading = conversation.reread();
  const asked = await backend.next("messages");
  asked.answer({
    rows: [bob("past", 5), bob("one", 10), bob("missed", 11)],
    gaps: [],
    before: "end",
    after: "end",
  });
  await reading;
  flushSync();
  expect(later()).toBe("Bob: missed");
});

it("nothing of a session that was left is said in the next", async () => {
  await open([bob("one", 10)]);
  conversation.apply("s", [bob("two", 11)], [], false);
  flushSync();
  conversation.reset();
  flushSync();
  expect(later()).toBe("");
});

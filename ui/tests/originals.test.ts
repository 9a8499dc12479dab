import { render, screen } from "@testing-library/svelte";
import { beforeEach, expect, it } from "vitest";
import { BackendError } from "../src/lib/backend";
import MessageItem from "../src/lib/conversation/MessageItem.svelte";
import { conversation } from "../src/lib/state/conversation.svelte";
import { useBackend } from "../src/lib/state/engine.svelte";
import { originals } from "../src/lib/state/originals.svelte";
import { sessions } from "../src/lib/state/sessions.svelte";
import { settings as held } from "../src/lib/state/settings.svelte";
import { HandBackend, message, session, settings } from "./fixtures";

let backend: HandBackend;
const first = message("first", { author: "Bob", content: "Who brings cake?" });
const answer = message("answer", { content: "I do", metadata: { reply_to: "first" } });

beforeEach(() => {
  conversation.reset();
  backend = new HandBackend();
  useBackend(backend);
  held.begin(settings);
  sessions.apply([session("s")], []);
});

const quote = () => screen.getByTestId("message-quote").textContent.replace(/\s+/g, " ").trim();

function show(): void {
  const alone = { first: true, last: true, marked: false, stop: false, inside: false };
  render(MessageItem, { ...alone, message: answer });
}

it("what is answered is asked for where it is not among what is read, once", async () => {
  show();
  const asked = await backend.next("messages");
  expect(asked.args).toMatchObject({ session: "s", at: { at: "around", message: "first" } });
  asked.answer({ rows: [message("before"), first], gaps: [], before: "more", after: "more" });
  await expect.poll(quote).toBe("Bob Who brings cake?");
  show();
  expect(backend.names()).toEqual([]);
});

it("nothing is asked for where it is there", async () => {
  conversation.messages = [first, answer];
  show();
  expect(quote()).toBe("Bob Who brings cake?");
  await new Promise(requestAnimationFrame);
  expect(backend.names()).toEqual([]);
});

it("it changes and goes as it does elsewhere, and is asked for again after a gap", async () => {
  show();
  const page = { gaps: [], before: "more", after: "more" };
  (await backend.next("messages")).answer({ ...page, rows: [first] });
  await expect.poll(quote).toContain("cake");
  originals.apply([{ ...first, content: "Who brings pie?" }], [], false);
  await expect.poll(quote).toContain("pie");
  originals.apply([], ["first"], false);
  await expect.poll(quote).toBe("In reply to an earlier message");
  originals.apply([], [], true);
  (await backend.next("messages")).answer({ ...page, rows: [first] });
  await expect.poll(quote).toContain("cake");
});

it("an answer that an event has overtaken brings nothing back", async () => {
  show();
  const page = { gaps: [], before: "more", after: "more" };
  const asked = await backend.next("messages");
  originals.apply([], ["first"], false);
  asked.answer({ ...page, rows: [first] });
  await new Promise(requestAnimationFrame);
  expect(quote()).toBe("In reply to an earlier message");
});

it("what is not on this device is an earlier message, and no failure", async () => {
  show();
  const error = { code: "not_found", message: "There is no such message.", details: null } as const;
  (await backend.next("messages")).refuse(new BackendError(error));
  await new Promise(requestAnimationFrame);
  expect(quote()).toBe("In reply to an earlier message");
  expect(backend.names()).toEqual([]);
});

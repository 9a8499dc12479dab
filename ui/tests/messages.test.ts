import { fireEvent, render, screen } from "@testing-library/svelte";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { MessageRow } from "../src/lib/bindings";
import { readAdapterAction } from "../src/lib/conversation/adapter";
import MessageItem from "../src/lib/conversation/MessageItem.svelte";
import { conversation } from "../src/lib/state/conversation.svelte";
import { useBackend } from "../src/lib/state/engine.svelte";
import { sessions } from "../src/lib/state/sessions.svelte";
import { settings as held } from "../src/lib/state/settings.svelte";
import { readVoice } from "../src/lib/voice/read";
import { HandBackend, message, session, settings } from "./fixtures";

/** A part that is fetched when it is first shown: a busy machine takes longer than a second. */
const LATER = { timeout: 15_000 };
let backend: HandBackend;

beforeEach(() => {
  conversation.reset();
  sessions.clear();
  sessions.apply([session("s")], []);
  backend = new HandBackend();
  useBackend(backend);
  held.begin(settings);
});

function show(more: Partial<MessageRow>): HTMLElement {
  render(MessageItem, {
    message: message("m", { content: "Hello", ...more }),
    first: true,
    last: true,
    marked: false,
    stop: true,
    inside: false,
  });
  return screen.getByTestId("message");
}

describe("a message's tools", () => {
  it("are there as soon as the pointer or the focus comes", async () => {
    const item = show({ own: true });
    expect(screen.queryByRole("toolbar")).toBeNull();
    await fireEvent.pointerEnter(item);
    expect(screen.getByTestId("message-edit")).toBeTruthy();
  });

  it("come with the focus too, for the Tab key to go on to", async () => {
    const item = show({});
    await fireEvent.focusIn(item);
    expect(screen.getByTestId("message-more")).toBeTruthy();
    expect(screen.queryByTestId("message-edit")).toBeNull();
  });
});

describe("a message's state", () => {
  it("delivered is a tick beside the time", () => {
    const item = show({ own: true });
    expect(item.dataset.state).toBe("delivered");
    expect(screen.getByLabelText("Sent")).toBeTruthy();
  });

  it("queued says so", () => {
    const item = show({ own: true, state: { state: "queued" } });
    expect(item.dataset.state).toBe("queued");
    expect(item.textContent).toContain("Queued");
    expect(screen.queryByLabelText("Sent")).toBeNull();
  });

  it("sending is said only when it takes a while", async () => {
    vi.useFakeTimers();
    try {
      const item = show({ own: true, state: { state: "sending" } });
      expect(item.textContent).not.toContain("Sending…");
      await vi.advanceTimersByTimeAsync(401);
      expect(item.textContent).toContain("Sending…");
    } finally {
      vi.useRealTimers();
    }
  });

  it("failed says why, and offers three ways forward", async () => {
    const state = { state: "failed", code: "rules", reason: "row level security" } as const;
    const item = show({ own: true, state });
    expect(item.textContent).toContain("Not sent");
    expect(screen.getByRole("alert").textContent).toContain(
      "Not sent: the project does not allow you to write here.",
    );
    await fireEvent.click(screen.getByTestId("message-retry"));
    expect((await backend.next("retry_message")).args).toEqual({ message: "m" });
    await fireEvent.click(screen.getByTestId("message-discard"));
    expect((await backend.next("discard_message")).args).toEqual({ message: "m" });
    await fireEvent.click(screen.getByTestId("message-edit-failed"));
    expect(conversation.editing).toBe("m");
  });

  it("of a change that waits names the change", () => {
    const item = show({ own: true, pending_edit: "New", state: { state: "queued" } });
    expect(item.textContent).toContain("New");
    expect(item.textContent).toContain("Change queued");
  });

  it("of a deletion that failed offers no editing", () => {
    const state = { state: "failed", code: "other", reason: "It is gone." } as const;
    show({ own: true, pending_delete: true, state });
    expect(screen.getByRole("alert").textContent).toContain("Not deleted");
    expect(screen.queryByTestId("message-edit-failed")).toBeNull();
  });

  it("incomplete says that it is being read again", () => {
    expect(show({ incomplete: true }).textContent).toContain("it is being read again");
  });
});

describe("a message's author", () => {
  it("is You for one's own, else the name", () => {
    expect(show({ own: true }).textContent).toContain("You");
  });

  it("is named, with the role of an assistant", () => {
    const item = show({ role: "assistant", author: "Sable", content: "**bold**" });
    expect(item.textContent).toContain("Sable");
    expect(item.textContent).toContain("Assistant");
    expect(item.querySelector("strong")?.textContent).toBe("bold");
  });

  it("does not make markdown of what people write", () => {
    const item = show({ author: "Bob", content: "2 * 3 * 4 <b>" });
    expect(item.textContent).toContain("2 * 3 * 4 <b>");
    expect(item.querySelector("em")).toBeNull();
  });
});

describe("editing in place", () => {
  it("saves what is new", async () => {
    show({ own: true });
    conversation.editing = "m";
    const box = await screen.findByTestId("message-edit-box");
    await fireEvent.input(box, { target: { value: "Better" } });
    await fireEvent.keyDown(box, { key: "Enter" });
    const asked = await backend.next("edit_message");
    expect(asked.args).toEqual({ message: "m", content: "Better" });
    asked.answer(message("m", { own: true, content: "Better" }));
    await expect.poll(() => conversation.editing).toBeUndefined();
  });

  it("leaves the message alone on Escape", async () => {
    show({ own: true });
    conversation.editing = "m";
    const box = await screen.findByTestId("message-edit-box");
    await fireEvent.input(box, { target: { value: "Worse" } });
    await fireEvent.keyDown(box, { key: "Escape" });
    expect(conversation.editing).toBeUndefined();
    expect(backend.names()).toEqual([]);
  });
});

describe("voice and actions", () => {
  it("show a voice message with its length and transcript", async () => {
    const item = show({
      kind: "voice",
      content: "Two words",
      metadata: { duration_s: 12, waveform: [1, 2, 3] },
    });
    await expect.poll(() => item.textContent, LATER).toContain("0:12");
    expect(item.textContent).toContain("“Two words”");
    expect(screen.queryByTestId("voice-play")).toBeNull();
    expect(item.querySelectorAll("rect")).toHaveLength(58);
  });

  it("say that there is no transcript", async () => {
    const item = show({ kind: "voice", content: "" });
    await expect.poll(() => item.textContent, LATER).toContain("No transcript");
  });

  it("show voice as text where voice is off", () => {
    held.take({ ...settings, voice: false });
    const item = show({ kind: "voice", content: "Two words", metadata: { duration_s: 12 } });
    expect(item.textContent).not.toContain("0:12");
    expect(item.textContent).toContain("Two words");
  });

  it("show an adapter's action with its outcome", () => {
    const item = show({
      kind: "adapter_action",
      role: "assistant",
      content: "",
      metadata: {
        action: "Apply migration",
        adapter: "deploy-runner",
        parameters: { target: "staging", version: "0.9", dry: false, force: true, n: 5 },
        status: "failed",
        error: "lock timeout",
        url: "javascript:alert(1)",
      },
    });
    expect(item.textContent).toContain("Apply migration");
    expect(item.textContent).toContain("Failed: lock timeout");
    expect(item.textContent).toContain("+2");
    expect(item.textContent).not.toContain("Open");
  });

  it("read whatever metadata there is without complaint", () => {
    expect(readAdapterAction({ status: 7, parameters: [1], duration_ms: "x" })).toMatchObject({
      state: undefined,
      parameters: [],
      seconds: undefined,
    });
    expect(readVoice({ duration_ms: 1500, waveform: "no" })).toEqual({ seconds: 1.5, wave: [] });
  });
});

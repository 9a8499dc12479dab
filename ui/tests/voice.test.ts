import { fireEvent, render, screen } from "@testing-library/svelte";
import { tick } from "svelte";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { MessageRow } from "../src/lib/bindings";
import MessageItem from "../src/lib/conversation/MessageItem.svelte";
import { conversation } from "../src/lib/state/conversation.svelte";
import { useBackend } from "../src/lib/state/engine.svelte";
import { sessions } from "../src/lib/state/sessions.svelte";
import { settings as held } from "../src/lib/state/settings.svelte";
import { player } from "../src/lib/voice/player.svelte";
import { bars, readVoice } from "../src/lib/voice/read";
import { HandBackend, message, session, settings } from "./fixtures";

/** An audio element that does what a test says: this document plays nothing. */
class HandAudio extends EventTarget {
  static made: HandAudio[] = [];
  src = "";
  currentTime = 0;
  playbackRate = 1;
  duration = Number.NaN;
  paused = true;

  constructor() {
    super();
    HandAudio.made.push(this);
  }

  removeAttribute(name: string): void {
    if (name === "src") this.src = "";
  }

  async play(): Promise<void> {
    this.paused = false;
    this.tell("playing");
  }

  pause(): void {
    if (this.paused) return;
    this.paused = true;
    this.tell("pause");
  }

  tell(name: string): void {
    this.dispatchEvent(new Event(name));
  }

  loaded(seconds: number): void {
    this.duration = seconds;
    this.tell("loadedmetadata");
  }

  reached(seconds: number): void {
    this.currentTime = seconds;
    this.tell("timeupdate");
  }
}

/** The part is fetched when it is first shown: a busy machine takes longer than a second. */
const LATER = { timeout: 15_000 };
const FILE = { mime_type: "audio/ogg", content: btoa("OggS") };
let backend: HandBackend;

beforeEach(() => {
  HandAudio.made = [];
  vi.stubGlobal("Audio", HandAudio);
  conversation.reset();
  conversation.id = "s";
  sessions.clear();
  sessions.apply([session("s")], []);
  backend = new HandBackend();
  useBackend(backend);
  held.begin(settings);
});

afterEach(() => {
  player.stop();
  vi.unstubAllGlobals();
});

async function show(id: string, more: Partial<MessageRow> = {}): Promise<HTMLElement> {
  const row = message(id, {
    kind: "voice",
    file: { place: "project" },
    metadata: { duration_s: 12, waveform: [1, 2] },
    ...more,
  });
  render(MessageItem, { ...ALONE, message: row });
  const item = screen.getAllByTestId("message").find((each) => each.dataset.messageId === id);
  if (!item) throw new Error("no message");
  await expect.poll(() => item.querySelector(".transcript"), LATER).toBeTruthy();
  return item;
}

const inside = (item: HTMLElement, testid: string) => {
  const found = item.querySelector<HTMLElement>(`[data-testid=${testid}]`);
  if (!found) throw new Error(`no ${testid}`);
  return found;
};
const phase = (item: HTMLElement) => inside(item, "voice").dataset.phase;

async function playing(item: HTMLElement, seconds = 12): Promise<HandAudio> {
  await fireEvent.click(inside(item, "voice-play"));
  (await backend.next("voice_file")).answer(FILE);
  await expect.poll(() => phase(item), LATER).toBe("playing");
  const audio = HandAudio.made.at(-1);
  if (!audio) throw new Error("nothing plays");
  audio.loaded(seconds);
  await tick();
  return audio;
}

const ALONE = { first: true, last: true, marked: false, stop: true, inside: false };

describe("a voice message with a file", () => {
  it("is fetched when it is played, then pauses and goes on", async () => {
    const item = await show("m");
    expect(backend.names()).toEqual([]);
    expect(inside(item, "voice-position").getAttribute("aria-valuetext")).toBe("0:12");
    await fireEvent.click(inside(item, "voice-play"));
    expect(phase(item)).toBe("loading");
    expect(inside(item, "voice-play").getAttribute("aria-busy")).toBe("true");
    const asked = await backend.next("voice_file");
    expect(asked.args).toEqual({ message: "m" });
    asked.answer(FILE);
    await expect.poll(() => phase(item), LATER).toBe("playing");
    const [audio] = HandAudio.made;
    audio?.loaded(12);
    audio?.reached(6);
    await tick();
    expect(inside(item, "voice-position").getAttribute("aria-valuetext")).toBe("0:06 of 0:12");
    expect(item.querySelectorAll("rect.done")).toHaveLength(29);
    await fireEvent.click(inside(item, "voice-play"));
    expect(phase(item)).toBe("paused");
    await fireEvent.click(inside(item, "voice-play"));
    expect(phase(item)).toBe("playing");
    expect(backend.names()).toEqual([]);
  });

  it("is moved in by keys, and played faster", async () => {
    const item = await show("m");
    const audio = await playing(item);
    const slider = inside(item, "voice-position");
    for (const [key, at] of [
      ["ArrowRight", 5],
      ["PageUp", 12],
      ["ArrowLeft", 7],
      ["Home", 0],
      ["End", 12],
    ] as const) {
      await fireEvent.keyDown(slider, { key });
      expect(audio.currentTime).toBe(at);
    }
    expect(slider.getAttribute("aria-valuenow")).toBe("12");
    await fireEvent.click(inside(item, "voice-speed"));
    expect(audio.playbackRate).toBe(1.5);
    expect(inside(item, "voice-speed").textContent).toBe("1.5×");
  });

  it("begins anew from its start once it has ended", async () => {
    const item = await show("m");
    const audio = await playing(item);
    audio.reached(12);
    audio.tell("ended");
    await tick();
    expect(phase(item)).toBe("paused");
    expect(audio.currentTime).toBe(0);
  });

  it("plays and pauses with Space on the message, and with Space on its slider", async () => {
    const item = await show("m");
    await fireEvent.keyDown(item, { key: " " });
    (await backend.next("voice_file")).answer(FILE);
    await expect.poll(() => phase(item), LATER).toBe("playing");
    await fireEvent.keyDown(item, { key: " " });
    expect(phase(item)).toBe("paused");
    await fireEvent.keyDown(inside(item, "voice-position"), { key: " " });
    expect(phase(item)).toBe("playing");
  });

  it("stops where another begins, and when the session is left", async () => {
    const [one, two] = [await show("one"), await show("two")];
    const first = await playing(one);
    const second = await playing(two);
    expect(first.paused).toBe(true);
    expect(phase(one)).toBe("idle");
    conversation.id = "other";
    await expect.poll(() => phase(two), LATER).toBe("idle");
    expect(second.paused).toBe(true);
    expect(second.src).toBe("");
  });

  it("goes on while another setting changes, and stops where voice messages are switched off", async () => {
    const item = await show("m");
    await playing(item);
    held.take({ ...settings, zoom: 125 });
    await tick();
    expect(phase(item)).toBe("playing");
    held.take({ ...settings, voice: !settings.voice });
    await tick();
    expect(player.phase).toBe("idle");
  });

  it("is not played when it comes after another was asked for", async () => {
    const [one, two] = [await show("one"), await show("two")];
    await fireEvent.click(inside(one, "voice-play"));
    const late = await backend.next("voice_file");
    await playing(two);
    late.answer(FILE);
    await tick();
    expect(phase(one)).toBe("idle");
    expect(phase(two)).toBe("playing");
  });

  it("says why it is not played, and is tried again", async () => {
    const item = await show("m");
    await fireEvent.click(inside(item, "voice-play"));
    const text = "The file of this voice message is no audio, so it is not played.";
    (await backend.next("voice_file")).refuse({ code: "refused", message: text, details: null });
    await expect.poll(() => phase(item), LATER).toBe("failed");
    expect(inside(item, "voice-problem").textContent).toContain(text);
    await fireEvent.click(inside(item, "voice-retry"));
    expect(document.activeElement).toBe(inside(item, "voice-play"));
    (await backend.next("voice_file")).answer(FILE);
    await expect.poll(() => phase(item), LATER).toBe("playing");
    HandAudio.made.at(-1)?.tell("error");
    await tick();
    expect(inside(item, "voice-problem").textContent).toContain("nothing that plays audio/ogg");
  });
});

describe("a voice message that is deleted while it plays", () => {
  const removed = (id: string) => conversation.apply("s", [], [id], false);

  it("is silent: deleted by whomever", async () => {
    const audio = await playing(await show("m"));
    removed("other");
    await tick();
    expect(audio.paused).toBe(false);
    removed("m");
    await tick();
    expect([audio.paused, player.message]).toEqual([true, undefined]);
  });

  it("is silent: deleted here, though that waits to be sent", async () => {
    const audio = await playing(await show("m"));
    const row = message("m", { kind: "voice" });
    conversation.apply("s", [row], [], false);
    await tick();
    expect(audio.paused).toBe(false);
    conversation.apply("s", [{ ...row, pending_delete: true }], [], false);
    await tick();
    expect(audio.paused).toBe(true);
  });

  it("is silent: with its whole session", async () => {
    const audio = await playing(await show("m"));
    conversation.reset();
    await tick();
    expect(audio.paused).toBe(true);
  });
});

describe("a voice message without one", () => {
  it("has no player, and Space does nothing", async () => {
    const row = message("m", { kind: "voice", metadata: { duration_s: 12 } });
    render(MessageItem, { ...ALONE, message: row });
    const item = screen.getByTestId("message");
    await expect.poll(() => item.textContent, LATER).toContain("0:12");
    expect(screen.queryByTestId("voice-play")).toBeNull();
    await fireEvent.keyDown(item, { key: " " });
    expect(backend.names()).toEqual([]);
  });

  it("links to a recording elsewhere by its host, and loads nothing of it", async () => {
    const url = "https://files.example.org/a.ogg";
    const item = await show("m", { file: { place: "elsewhere", url } });
    expect(screen.queryByTestId("voice-play")).toBeNull();
    expect(item.textContent).toContain("Open the recording at files.example.org");
    expect(item.querySelector("audio, video, source, iframe, img")).toBeNull();
    await fireEvent.click(inside(item, "voice-elsewhere"));
    expect((await backend.next("open_link")).args).toEqual({ url });
  });
});

describe("a waveform", () => {
  it("is brought to the number of bars, whatever there is of it", () => {
    expect(bars([1, 2])).toEqual([...Array(29).fill(0.5), ...Array(29).fill(1)]);
    for (const none of [[], [0, 0], [Number.POSITIVE_INFINITY]]) expect(bars(none)).toEqual([]);
    const hostile = { waveform: [-1, "2", null, 3, {}], duration_s: -4, duration: "long" };
    expect(readVoice(hostile)).toEqual({ seconds: undefined, wave: Array(58).fill(1) });
  });
});

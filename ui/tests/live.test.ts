import { fireEvent, render, screen, waitFor } from "@testing-library/svelte";
import { beforeEach, describe, expect, it } from "vitest";
import type { Backend } from "../src/lib/backend";
import { BackendError } from "../src/lib/backend";
import type { ChannelState, FrameRow, Settings } from "../src/lib/bindings";
import ChannelRows from "../src/lib/settings/ChannelRows.svelte";
import ConnectionSection from "../src/lib/settings/ConnectionSection.svelte";
import FrameLog from "../src/lib/settings/FrameLog.svelte";
import { joined, KEPT } from "../src/lib/settings/frames";
import { app } from "../src/lib/state/app.svelte";
import { useBackend } from "../src/lib/state/engine.svelte";
import { settings as held } from "../src/lib/state/settings.svelte";
import { toast } from "../src/lib/ui/toast.svelte";
import { settings } from "./fixtures";

const asked: { command: string; args: unknown }[] = [];
let answer: (command: string, args: unknown) => unknown;

beforeEach(() => {
  asked.length = 0;
  held.begin(settings);
  answer = (_, args) => (args as { settings: Settings }).settings;
  useBackend({
    call: (command: string, args: unknown) => {
      asked.push({ command, args });
      return Promise.resolve(args).then(() => answer(command, args));
    },
    subscribe: () => () => undefined,
  } as unknown as Backend);
});

function frame(number: number, more: Partial<FrameRow> = {}): FrameRow {
  return {
    number,
    time: 0,
    direction: "in",
    topic: "realtime:chat",
    event: "system",
    bytes: 10,
    payload: '{"body":{"status":"ok"}}',
    ...more,
  };
}

describe("the settings of the live connection", () => {
  it("are shown in seconds and sent in milliseconds", async () => {
    render(ConnectionSection);
    const field = screen.getByTestId<HTMLInputElement>("setting-reconnect_first_ms");
    expect(field.value).toBe("0.5");
    await fireEvent.input(field, { target: { value: "1,5" } });
    await fireEvent.change(field);
    await waitFor(() => expect(app.settings.realtime.reconnect_first_ms).toBe(1500));
    // The others stay as they are.
    expect(app.settings.realtime).toEqual({ ...settings.realtime, reconnect_first_ms: 1500 });
  });

  it("say what is allowed, and keep what was typed", async () => {
    answer = () => {
      throw new BackendError({
        code: "invalid",
        message: "The time between heartbeats is 5 to 50 s.",
        details: null,
      });
    };
    render(ConnectionSection);
    const field = screen.getByTestId<HTMLInputElement>("setting-heartbeat_ms");
    await fireEvent.input(field, { target: { value: "90" } });
    await fireEvent.change(field);
    const problem = await screen.findByRole("alert");
    expect(problem.textContent).toContain("5 to 50 s");
    expect(field.value).toBe("90");
    expect(field.getAttribute("aria-invalid")).toBe("true");
    expect(app.settings.realtime.heartbeat_ms).toBe(25_000);
  });

  it("take no words, and never send a number that the contract cannot carry", async () => {
    render(ConnectionSection);
    const field = screen.getByTestId<HTMLInputElement>("setting-events_per_second");
    await fireEvent.input(field, { target: { value: "many" } });
    await fireEvent.change(field);
    expect((await screen.findByRole("alert")).textContent).toContain("not a number");
    expect(asked).toEqual([]);
    await fireEvent.input(field, { target: { value: "-3" } });
    await fireEvent.change(field);
    await waitFor(() => expect(asked.length).toBe(1));
    const sent = asked[0]?.args as { settings: Settings };
    expect(sent.settings.realtime.events_per_second).toBe(0);
  });
});

describe("the channels", () => {
  const channel: ChannelState = {
    name: "prices",
    status: "errored",
    reason: "Unable to subscribe",
    retry_at: 96_000,
    bindings: [
      { schema: "public", table: "crypto_prices", event: "*", filter: null },
      { schema: "public", table: "user_presence", event: "INSERT", filter: "session_id=eq.s" },
    ],
  };

  it("are shown with what they ask for, why they are in trouble and when they try again", () => {
    render(ChannelRows, { channels: [channel], now: 0 });
    const text = screen.getByTestId("channel-prices").textContent;
    expect(text).toContain("In trouble");
    expect(text).toContain("Unable to subscribe");
    expect(text).toContain("Tried again in 96 s");
    expect(text).toContain("public.crypto_prices · all changes");
    expect(text).toContain("public.user_presence · INSERT · session_id=eq.s");
  });

  it("say when nothing is tried by itself", () => {
    render(ChannelRows, { channels: [{ ...channel, retry_at: null }], now: 0 });
    expect(screen.getByTestId("channel-prices").textContent).toContain("Not tried again by itself");
  });
});

describe("the frame log", () => {
  it("asks for nothing while it is off", () => {
    render(FrameLog);
    expect(asked).toEqual([]);
    expect(screen.queryByTestId("frames")).toBeNull();
  });

  it("shows the newest first, and says where the file is", async () => {
    held.take({ ...settings, realtime: { ...settings.realtime, frame_log: true } });
    answer = (command) =>
      command === "save_frame_log"
        ? { path: "/tmp/tidings-frames.jsonl" }
        : { on: true, frames: [frame(1), frame(2, { event: "phx_join" })], forgotten: 0 };
    render(FrameLog);
    const shown = await waitFor(() => {
      const events = [...screen.getByTestId("frames").querySelectorAll("b")];
      expect(events.length).toBe(2);
      return events.map((event) => event.textContent);
    });
    expect(shown).toEqual(["phx_join", "system"]);
    await fireEvent.click(screen.getByTestId("frames-save"));
    await waitFor(() => expect(toast.current?.text).toContain("/tmp/tidings-frames.jsonl"));
  });

  it("keeps no frame twice, and not too many", () => {
    expect(joined([frame(1), frame(2)], [frame(2), frame(3)]).map((it) => it.number)).toEqual([
      1, 2, 3,
    ]);
    const many = Array.from({ length: KEPT + 5 }, (_, index) => frame(index + 1));
    expect(joined([], many).length).toBe(KEPT);
    expect(joined([], many).at(-1)?.number).toBe(KEPT + 5);
  });
});

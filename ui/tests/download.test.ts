import { fireEvent, render, screen, waitFor } from "@testing-library/svelte";
import { beforeEach, describe, expect, it } from "vitest";
import type { Backend } from "../src/lib/backend";
import type { HistoryPart } from "../src/lib/bindings";
import DetailsTab from "../src/lib/panel/DetailsTab.svelte";
import StorageSection from "../src/lib/settings/StorageSection.svelte";
import StatusBar from "../src/lib/shell/StatusBar.svelte";
import { app } from "../src/lib/state/app.svelte";
import { conversation } from "../src/lib/state/conversation.svelte";
import { useBackend } from "../src/lib/state/engine.svelte";
import { settings as held } from "../src/lib/state/settings.svelte";
import { session, settings } from "./fixtures";

const HOUR = 3_600_000;
const asked: { command: string; args: unknown }[] = [];
let history: HistoryPart[] = [];

beforeEach(() => {
  asked.length = 0;
  held.begin(settings);
  app.connection = { state: "live" };
  app.download = undefined;
  useBackend({
    call: (command: string, args: unknown) => {
      asked.push({ command, args });
      const details = {
        session: session("s"),
        created_at: 0,
        messages: 3,
        gaps: history.filter((part) => part.verified_at === null).length,
        complete: true,
        verified_at: null,
        history,
        people: [],
      };
      return Promise.resolve(command === "details" ? details : {});
    },
    subscribe: () => () => undefined,
  } as unknown as Backend);
});

describe("what is fetched in the background", () => {
  it("is said with its counts, and stopped and let go on from there", async () => {
    render(StatusBar);
    expect(screen.queryByTestId("download")).toBeNull();
    app.download = { done: 140, total: 900, paused: false };
    const shown = await screen.findByTestId("download");
    expect(shown.textContent).toContain("140 of 900");
    await fireEvent.click(shown);
    expect(asked.pop()).toEqual({ command: "pause_download", args: { paused: true } });
    app.download = { done: 140, total: 900, paused: true };
    await waitFor(() => expect(shown.textContent).toContain("paused"));
    await fireEvent.click(shown);
    expect(asked.pop()).toEqual({ command: "pause_download", args: { paused: false } });
    // Without a connection nothing is fetched.
    app.connection = { state: "connecting" };
    await waitFor(() => expect(screen.queryByTestId("download")).toBeNull());
  });

  it("stands in the settings, also when the project did not say how much there is", async () => {
    app.download = { done: 1200, total: null, paused: true };
    render(StorageSection);
    const button = screen.getByTestId("download-pause");
    expect(button.textContent).toContain("Go on");
    await fireEvent.click(button);
    expect(asked.pop()).toEqual({ command: "pause_download", args: { paused: false } });
  });
});

describe("the history of a session", () => {
  it("shows each part with its age, the newest first, and gaps as gaps", async () => {
    const now = Date.now();
    history = [
      { from: null, to: now - 48 * HOUR, verified_at: now - 5 * HOUR },
      { from: now - 48 * HOUR, to: now - 24 * HOUR, verified_at: null },
      { from: now - 24 * HOUR, to: null, verified_at: now - 120_000 },
    ];
    conversation.id = "s";
    render(DetailsTab);
    const parts = await screen.findAllByTestId("history-part");
    expect(parts.map((part) => part.querySelector("dd")?.textContent?.trim())).toEqual([
      "Checked 2 min ago",
      "Not downloaded",
      "Checked 5 h ago",
    ]);
    expect(parts[0]?.textContent).toContain("Since");
    expect(parts[2]?.textContent).toContain("Until");
  });
});

import { fireEvent, render, screen } from "@testing-library/svelte";
import { flushSync } from "svelte";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Connection } from "../src/lib/bindings";
import Banners from "../src/lib/conversation/Banners.svelte";
import { commands } from "../src/lib/palette/commands";
import SettingsPage from "../src/lib/settings/SettingsPage.svelte";
import Overlays from "../src/lib/shell/Overlays.svelte";
import StatusBar from "../src/lib/shell/StatusBar.svelte";
import { shortcuts } from "../src/lib/shell/shortcuts";
import { app } from "../src/lib/state/app.svelte";
import { useBackend } from "../src/lib/state/engine.svelte";
import { settings as held } from "../src/lib/state/settings.svelte";
import { view } from "../src/lib/state/view.svelte";
import { HandBackend, settings } from "./fixtures";

const REFUSED: Connection = { state: "refused", reason: "The key is not of this project." };
const OFFLINE: Connection = {
  state: "offline",
  since: 0,
  retry_at: null,
  reason: null,
  project: null,
};

beforeEach(() => {
  useBackend(new HandBackend());
  held.begin(settings);
  app.phase = { phase: "ready" };
  app.active = "here";
});

afterEach(() => {
  view.overlay = undefined;
  view.settings = undefined;
  view.diagnosing = false;
  app.active = undefined;
  app.connection = { state: "connecting" };
  app.outbox = { queued: 0, held: 0, failed: 0 };
});

/** The settings, where the diagnostics have the focus. */
async function diagnosed(): Promise<void> {
  expect(view.settings).toBe("advanced");
  render(SettingsPage);
  flushSync();
  expect(document.activeElement).toBe(await screen.findByTestId("diagnostics-title"));
  expect(view.diagnosing).toBe(false);
}

describe("the diagnostics are reached", () => {
  it.each([REFUSED, OFFLINE])(
    "from the status bar, which keeps the way to the outbox: %j",
    async (trouble) => {
      app.connection = trouble;
      app.outbox = { queued: 1, held: 0, failed: 0 };
      render(StatusBar);
      await fireEvent.click(screen.getByTestId("outbox-open"));
      expect(view.overlay).toEqual({ kind: "outbox" });
      await fireEvent.click(screen.getByTestId("status-connection"));
      expect(view.overlay).toBeUndefined();
      await diagnosed();
    },
  );

  it("from the banner of a refusal", async () => {
    app.connection = REFUSED;
    render(Banners);
    await fireEvent.click(await screen.findByTestId("banner-diagnostics"));
    await diagnosed();
  });

  it("from the palette", async () => {
    commands()
      .find(({ id }) => id === "diagnostics")
      ?.run();
    await diagnosed();
  });
});

it("the diagnostics are shown in place of what was looked for in the settings", async () => {
  view.settings = "advanced";
  render(SettingsPage);
  const field = screen.getByRole<HTMLInputElement>("textbox", { name: "Search settings" });
  await fireEvent.input(field, { target: { value: "theme" } });
  expect(screen.queryByTestId("diagnostics-title")).toBeNull();
  view.showDiagnostics();
  flushSync();
  expect(field.value).toBe("");
  expect(document.activeElement).toBe(screen.getByTestId("diagnostics-title"));
});

describe("the sheet of shortcuts", () => {
  const press = (more: KeyboardEventInit) => {
    const event = new KeyboardEvent("keydown", { ctrlKey: true, cancelable: true, ...more });
    shortcuts(event);
    return event.defaultPrevented;
  };

  it.each([
    [{ key: "/" }, undefined],
    // Where the sign is reached with Shift.
    [{ key: "/", shiftKey: true }, undefined],
    [{ key: "?", shiftKey: true }, "chat"],
  ] as const)("opens with %j, in the settings too (%s)", async (keys, section) => {
    view.settings = section;
    expect(press(keys)).toBe(true);
    render(Overlays);
    const sheet = await screen.findByTestId("shortcuts");
    expect(sheet.textContent).toContain("Search, or run any action");
    expect(sheet.textContent).toContain("/alert");
    await fireEvent.keyDown(sheet, { key: "Escape" });
    expect(view.overlay).toBeUndefined();
    expect(view.settings).toBe(section);
  });

  it("does not cover what is asked in a dialog", () => {
    view.overlay = { kind: "new-session" };
    expect(press({ key: "/" })).toBe(false);
    expect(view.overlay).toEqual({ kind: "new-session" });
  });

  it("is in the palette", () => {
    commands()
      .find(({ id }) => id === "shortcuts")
      ?.run();
    expect(view.overlay).toEqual({ kind: "shortcuts" });
  });
});

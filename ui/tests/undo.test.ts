import { fireEvent, render, screen, waitFor } from "@testing-library/svelte";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Settings } from "../src/lib/bindings";
import { speak, spoken } from "../src/lib/i18n";
import MessageSetting from "../src/lib/settings/MessageSetting.svelte";
import SettingsPage from "../src/lib/settings/SettingsPage.svelte";
import { app } from "../src/lib/state/app.svelte";
import { useBackend } from "../src/lib/state/engine.svelte";
import { settings as held } from "../src/lib/state/settings.svelte";
import { view } from "../src/lib/state/view.svelte";
import { dismissToast, toast } from "../src/lib/ui/toast.svelte";
import { HandBackend, settings } from "./fixtures";

let backend: HandBackend;

beforeEach(() => {
  backend = new HandBackend();
  useBackend(backend);
  held.begin(settings);
  app.phase = { phase: "ready" };
  view.settings = "appearance";
});

afterEach(async () => {
  view.settings = undefined;
  dismissToast();
  await speak("en");
});

/** The engine takes the next change as it was asked for. */
async function accept(): Promise<Settings> {
  const { args, answer } = await backend.next("set_settings");
  const told = (args as { settings: Settings }).settings;
  answer(told);
  return told;
}

async function make(change: Partial<Settings>): Promise<void> {
  const made = held.change(change);
  await accept();
  await made;
}

describe("changes of the settings", () => {
  it("are undone one by one, the last first, and made again", async () => {
    await make({ theme: "dark" });
    await make({ density: "compact" });
    const first = held.undo();
    expect(await accept()).toMatchObject({ theme: "dark", density: "comfortable" });
    await first;
    const second = held.undo();
    expect(await accept()).toMatchObject({ theme: "system", density: "comfortable" });
    await second;
    expect(held.undoable).toBeUndefined();
    const again = held.redo();
    expect(await accept()).toMatchObject({ theme: "dark", density: "comfortable" });
    await again;
    expect(held.undoable?.after).toEqual({ theme: "dark" });
    expect(held.redoable?.after).toEqual({ density: "compact" });
  });

  it("cannot be made again once something else was changed", async () => {
    await make({ theme: "dark" });
    const undone = held.undo();
    await accept();
    await undone;
    await make({ density: "compact" });
    expect(held.redoable).toBeUndefined();
  });

  it("are not undone where they no longer count", async () => {
    await make({ density: "compact" });
    await make({ theme: "dark" });
    held.take({ ...held.now, theme: "light" });
    expect(held.undoable?.after).toEqual({ density: "compact" });
  });

  it("stay what they are when the engine refuses the way back", async () => {
    await make({ theme: "dark" });
    const undone = held.undo();
    const { refuse } = await backend.next("set_settings");
    refuse(new Error("The disk is full."));
    expect(await undone).toBeUndefined();
    expect(held.now.theme).toBe("dark");
    expect(held.undoable?.before).toEqual({ theme: "system" });
  });

  it("that were refused are none, and those of what is kept are asked about elsewhere", async () => {
    const refused = held.change({ theme: "dark" });
    (await backend.next("set_settings")).refuse(new Error("The disk is full."));
    await refused;
    expect(held.now.theme).toBe("system");
    await make({ retention: { keep: "months", months: 3 } });
    expect(held.undoable).toBeUndefined();
  });

  it("are shown at once, and do not go back while another one is answered", async () => {
    const one = held.change({ theme: "dark" });
    const two = held.change({ density: "compact" });
    expect(held.now).toMatchObject({ theme: "dark", density: "compact" });
    (await backend.next("set_settings")).answer({ ...settings, theme: "dark" });
    await one;
    expect(held.now.density).toBe("compact");
    expect(await accept()).toMatchObject({ theme: "dark", density: "compact" });
    await two;
  });

  it("do not go back where an event is late", async () => {
    const late: Settings = { ...settings, zoom: 175, revision: 7 };
    held.take({ ...late, zoom: 200, revision: 8 });
    held.take(late);
    expect(held.now.zoom).toBe(200);
    const made = held.change({ density: "compact" });
    const { args, answer } = await backend.next("set_settings");
    expect(args).toMatchObject({ settings: { zoom: 200 } });
    held.take({ ...settings, theme: "dark", revision: 10 });
    answer({ ...(args as { settings: Settings }).settings, revision: 9 });
    await made;
    expect(held.now).toMatchObject({ theme: "dark", density: "comfortable" });
    held.take(late, true);
    expect(held.now.zoom).toBe(175);
  });

  it("bring a language back with how it is written", async () => {
    await make({ language: "de" });
    expect(spoken().language).toBe("de");
    const undone = held.undo();
    expect(await accept()).toMatchObject({ language: "system", wording: { language: "en" } });
    await undone;
    expect(spoken().language).toBe("en");
  });

  it("leave the language that is spoken when another one is refused", async () => {
    const made = held.change({ language: "de" });
    (await backend.next("set_settings")).refuse(new Error("The disk is full."));
    await made;
    await waitFor(() => expect(spoken().language).toBe("en"));
    expect(held.now.language).toBe("system");
  });

  it("of the language end in the one that was chosen last", async () => {
    const one = held.change({ language: "de" });
    const two = held.change({ language: "en" });
    expect(await accept()).toMatchObject({ language: "de" });
    expect(await accept()).toMatchObject({ language: "en", wording: { language: "en" } });
    await Promise.all([one, two]);
    expect(spoken().language).toBe("en");
  });
});

describe("the page of the settings", () => {
  it("undoes by a button that says what, and by its keys", async () => {
    render(SettingsPage);
    const undo = screen.getByTestId("settings-undo");
    expect(undo.getAttribute("aria-disabled")).toBe("true");
    await fireEvent.click(screen.getByTestId("theme-dark"));
    await accept();
    await waitFor(() => expect(undo.getAttribute("aria-label")).toBe("Undo “Theme”"));
    await fireEvent.click(undo);
    expect((await accept()).theme).toBe("system");
    await waitFor(() => expect(toast.current?.text).toBe("“Theme” is as it was."));
    await fireEvent.keyDown(window, { key: "Z", ctrlKey: true, shiftKey: true });
    expect((await accept()).theme).toBe("dark");
    await waitFor(() => expect(undo.getAttribute("aria-disabled")).toBe("false"));
    await fireEvent.keyDown(window, { key: "z", ctrlKey: true });
    expect((await accept()).theme).toBe("system");
  });

  it("brings back a text that was written, in its field too", async () => {
    render(MessageSetting);
    const field = screen.getByTestId("setting-message") as HTMLTextAreaElement;
    await fireEvent.input(field, { target: { value: "Sell half" } });
    await fireEvent.change(field);
    expect((await accept()).alert_message).toBe("Sell half");
    await waitFor(() => expect(held.undoable?.after).toEqual({ alert_message: "Sell half" }));
    const undone = held.undo();
    await accept();
    await undone;
    await waitFor(() => expect(field.value).toBe(""));
  });

  it("leaves the keys to a dialog above it", async () => {
    await make({ theme: "dark" });
    render(SettingsPage);
    view.overlay = { kind: "new-session" };
    await fireEvent.keyDown(window, { key: "z", ctrlKey: true });
    view.overlay = undefined;
    expect(backend.names()).toEqual([]);
  });

  it("leaves the keys to a field that is written in", async () => {
    await make({ theme: "dark" });
    render(SettingsPage);
    await fireEvent.keyDown(screen.getByRole("textbox"), { key: "z", ctrlKey: true });
    expect(held.now.theme).toBe("dark");
    expect(backend.names()).toEqual([]);
  });
});

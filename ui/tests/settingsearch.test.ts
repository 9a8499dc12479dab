import { fireEvent, render, screen, waitFor, within } from "@testing-library/svelte";
import { flushSync } from "svelte";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Backend } from "../src/lib/backend";
import type { Desktop, Storage, WorkspaceInfo } from "../src/lib/bindings";
import Palette from "../src/lib/palette/Palette.svelte";
import { elsewhere, toggles } from "../src/lib/settings/entries";
import SettingsPage from "../src/lib/settings/SettingsPage.svelte";
import { app } from "../src/lib/state/app.svelte";
import { useBackend } from "../src/lib/state/engine.svelte";
import { lock } from "../src/lib/state/lock.svelte";
import { settings as held } from "../src/lib/state/settings.svelte";
import { type Section, view } from "../src/lib/state/view.svelte";
import { settings, unlocked } from "./fixtures";

const project: WorkspaceInfo = {
  id: "w",
  name: "Acme",
  local: false,
  url: "https://acme.example",
  email: "alice@acme.example",
};
const desktop: Desktop = {
  notifications: "available",
  sounds: true,
  own_sound: true,
  sound_problem: null,
  has_settings: true,
  autostart: false,
  zone: null,
};
const storage: Storage = {
  bytes: 1,
  index_bytes: 0,
  free_bytes: 0,
  messages: 0,
  unindexed: 0,
  oldest: null,
  sessions: [],
  cleaned: null,
};
const REPLIES: Record<string, unknown> = { desktop, storage, factors: [] };

/** Every setting is there that can be: only some of them are at any one time. */
beforeEach(() => {
  vi.stubGlobal("__TAURI_INTERNALS__", {});
  useBackend({
    call: (command: string) =>
      command in REPLIES ? Promise.resolve(REPLIES[command]) : new Promise(() => undefined),
    subscribe: () => () => undefined,
  } as unknown as Backend);
  held.begin({
    ...settings,
    quiet: { ...settings.quiet, on: true },
    retention: { keep: "months", months: 3 },
  });
  app.phase = { phase: "ready" };
  app.workspaces = [project];
  app.active = "w";
  app.signIn = {
    state: "signed_in",
    account: { user_id: "u", email: "alice@acme.example", name: "Alice" },
  };
  app.download = { done: 1, total: 2, paused: false };
  app.hasTray = true;
  lock.state = { ...unlocked, stage: "open" };
});

afterEach(() => {
  vi.unstubAllGlobals();
  view.settings = undefined;
  app.workspaces = [];
  app.active = undefined;
  app.signIn = { state: "signed_out" };
  app.download = undefined;
  app.hasTray = false;
  lock.state = undefined;
});

const SECTIONS: readonly Section[] = [
  "account",
  "appearance",
  "chat",
  "market",
  "alerts",
  "shortcuts",
  "storage",
  "privacy",
  "advanced",
];

const words = (each: Element) => each.textContent.replace(/\s+/g, " ").trim();

/** What a section calls its rows, choices, shortcuts and parts. */
function named(main: HTMLElement): string[] {
  const rows = [...main.querySelectorAll(".row b")].map(words);
  const choices = within(main)
    .queryAllByRole("radiogroup")
    .map((each) => {
      const by = each.getAttribute("aria-labelledby");
      const title = by === null ? null : document.getElementById(by);
      return title ? words(title) : (each.getAttribute("aria-label") ?? "");
    });
  const listed = [...main.querySelectorAll("dl:not(.selectable) dt")].map(words);
  return [...new Set([...rows, ...choices, ...listed])];
}

async function look(query: string): Promise<string[]> {
  const field = screen.getByRole("textbox", { name: "Search settings" });
  await fireEvent.input(field, { target: { value: query } });
  flushSync();
  return [...screen.getByRole("main").querySelectorAll(".row b")].map(words);
}

describe("the search of the settings", () => {
  it.each(SECTIONS)("finds all of %s by their names", async (section) => {
    view.settings = section;
    render(SettingsPage);
    const main = screen.getByRole("main");
    if (section === "alerts") await screen.findByTestId("setting-autostart");
    await waitFor(() => expect(named(main).length).toBeGreaterThan(1));
    const names = named(main);
    // Once something is looked for it is asked what the desktop offers.
    await look("s");
    await vi.waitFor(async () => expect(await look("Start")).not.toEqual([]));
    const missing = [];
    for (const name of names) {
      if (!(await look(name)).includes(name)) missing.push(name);
    }
    expect(missing).toEqual([]);
  });

  it("leads to what has its control elsewhere", async () => {
    view.settings = "chat";
    render(SettingsPage);
    expect(await look("password")).toContain("Password");
    await fireEvent.click(screen.getByRole("button", { name: "Show Password" }));
    expect(view.settings).toBe("account");
    expect(await screen.findByTestId("settings-password")).toBeTruthy();
  });

  it("in what is said of a setting finds words, not scattered letters", async () => {
    view.settings = "chat";
    render(SettingsPage);
    expect(await look("qqq")).toEqual([]);
    // In the name letters may be left out, as in the palette.
    expect(await look("frmlog")).toEqual(["Frame log"]);
  });
});

describe("the palette", () => {
  const options = () =>
    screen.queryAllByTestId("palette-option").map((option) => option.dataset.option);

  it("finds settings by their names, and goes to the one that is chosen", async () => {
    render(Palette, { query: "quiet hou" });
    const option = screen.getByTestId("palette-option");
    expect(option.textContent).toContain("Quiet hours");
    await fireEvent.click(option);
    expect(view.settings).toBe("alerts");
    render(SettingsPage);
    await waitFor(() => expect(document.activeElement?.textContent.trim()).toBe("Quiet hours"));
  });

  it("tells workspaces of one name apart", () => {
    app.workspaces = [project, { ...project, id: "w2" }];
    render(Palette, { query: "acme" });
    const found = options();
    expect(found).toHaveLength(2);
    expect(new Set(found).size).toBe(2);
  });

  it("goes to every setting that it finds", async () => {
    render(SettingsPage);
    const lost: string[] = [];
    for (const { section, name } of [...toggles(), ...elsewhere(undefined)]) {
      if (section === "shortcuts") continue;
      view.showSetting(section, name);
      const there = () => expect(document.activeElement?.textContent.trim()).toBe(name);
      await waitFor(there, { timeout: 200 }).catch(() => lost.push(`${section}: ${name}`));
    }
    expect(lost).toEqual([]);
  });

  it("finds what it can do by the words that its makers have for it", () => {
    render(Palette, { query: ">outbox" });
    expect(options()).toEqual(["action-outbox"]);
  });

  it("shows no head over nothing", () => {
    render(Palette, { query: ">no such thing" });
    expect(options()).toEqual([]);
    expect(screen.queryByRole("group")).toBeNull();
  });
});

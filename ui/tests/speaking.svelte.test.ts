import { fireEvent, render, screen, waitFor } from "@testing-library/svelte";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Backend } from "../src/lib/backend";
import type { Settings } from "../src/lib/bindings";
import { speak, spoken, t } from "../src/lib/i18n";
import AppearanceSection from "../src/lib/settings/AppearanceSection.svelte";
import { app } from "../src/lib/state/app.svelte";
import { settings as held } from "../src/lib/state/settings.svelte";
import { HandBackend, settings, snapshot } from "./fixtures";

const GERMAN = { language: "de", group: ".", decimal: "," };
let backend: HandBackend;

beforeEach(() => {
  backend = new HandBackend();
  app.phase = { phase: "starting" };
  app.start(backend as unknown as Backend);
});

afterEach(async () => {
  localStorage.clear();
  await speak("en");
});

async function start(with_: Partial<Settings>): Promise<void> {
  backend.open();
  const asked = await backend.next("snapshot");
  asked.answer({ ...snapshot(1), settings: { ...settings, ...with_ } });
}

describe("a start", () => {
  it("draws nothing before the language of the settings is spoken", async () => {
    const drawn: string[] = [];
    const stop = $effect.root(() => {
      $effect.pre(() => {
        if (app.phase.phase === "ready") drawn.push(t("action.save"));
      });
    });
    await start({ language: "de" });
    await waitFor(() => expect(app.phase.phase).toBe("ready"));
    await waitFor(() => expect(drawn).toEqual(["Speichern"]));
    stop();
  });

  it("tells the engine how the window writes, where that has changed", async () => {
    await start({ language: "de" });
    const { args, answer } = await backend.next("set_settings");
    expect((args as { settings: Settings }).settings.wording).toEqual(GERMAN);
    answer((args as { settings: Settings }).settings);
  });

  it("tells nothing that is known", async () => {
    await start({ language: "system" });
    await waitFor(() => expect(app.phase.phase).toBe("ready"));
    await Promise.resolve();
    expect(backend.names()).toEqual([]);
  });
});

describe("the choice of a language", () => {
  beforeEach(async () => {
    await start({});
    await waitFor(() => expect(app.phase.phase).toBe("ready"));
  });

  it("counts at once, and is told together with how it is written", async () => {
    render(AppearanceSection);
    expect(screen.getByText(/67,893\.40/)).toBeTruthy();
    await fireEvent.click(screen.getByText("Deutsch"));
    const { args, answer } = await backend.next("set_settings");
    const told = (args as { settings: Settings }).settings;
    expect(told).toMatchObject({ language: "de", wording: GERMAN });
    answer(told);
    await waitFor(() => expect(screen.getByText("Kursfarben")).toBeTruthy());
    expect(screen.getByText(/67\.893,40/)).toBeTruthy();
    expect(document.documentElement.lang).toBe("de");
    expect(backend.names()).toEqual([]);
  });

  it("is not lost to the answer of a change before it", async () => {
    const one = held.change({ theme: "dark" });
    const first = await backend.next("set_settings");
    const two = held.change({ language: "de" });
    first.answer({ ...settings, theme: "dark" });
    backend.tell(2, { type: "settings", settings: { ...settings, theme: "dark" } });
    await one;
    const second = await backend.next("set_settings");
    const { settings: told } = second.args as { settings: Settings };
    expect(told).toMatchObject({ theme: "dark", language: "de" });
    second.answer(told);
    await two;
    expect(app.settings.language).toBe("de");
    expect(document.documentElement.lang).toBe("de");
  });

  it("is followed where another window made it, and not told again", async () => {
    backend.tell(2, {
      type: "settings",
      settings: { ...settings, language: "de", wording: { ...GERMAN, language: "de" } },
    });
    await waitFor(() => expect(spoken().language).toBe("de"));
    expect(backend.names()).toEqual([]);
  });
});

import { fireEvent, render, screen } from "@testing-library/svelte";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Density, Motion } from "../src/lib/bindings";
import { estimateHeight } from "../src/lib/conversation/rows";
import { speak } from "../src/lib/i18n";
import { commands } from "../src/lib/palette/commands";
import AppearanceSection from "../src/lib/settings/AppearanceSection.svelte";
import ShortcutList from "../src/lib/settings/ShortcutList.svelte";
import { shortcuts } from "../src/lib/shell/shortcuts";
import { nextZoom, ZOOMS, type ZoomStep } from "../src/lib/shell/zoom";
import { app } from "../src/lib/state/app.svelte";
import { useBackend } from "../src/lib/state/engine.svelte";
import { settings as held } from "../src/lib/state/settings.svelte";
import { applyLook, applyRememberedLook } from "../src/lib/theme";
import { withKeys } from "../src/lib/ui/keys";
import { HandBackend, message, settings } from "./fixtures";

let backend: HandBackend;

beforeEach(() => {
  backend = new HandBackend();
  useBackend(backend);
  held.begin(settings);
  app.phase = { phase: "ready" };
  app.active = undefined;
});

afterEach(async () => {
  vi.unstubAllGlobals();
  localStorage.clear();
  await speak("en");
});

/** As in the desktop window. */
function inAWindow(zoom = 100): void {
  vi.stubGlobal("__TAURI_INTERNALS__", {});
  held.take({ ...settings, zoom });
}

function press(key: string, more: KeyboardEventInit = {}): KeyboardEvent {
  const event = new KeyboardEvent("keydown", { key, ctrlKey: true, cancelable: true, ...more });
  shortcuts(event);
  return event;
}

describe("the zoom", () => {
  it.each([
    ["in", 100, 110],
    ["in", 133, 150],
    ["in", 175, 200],
    ["in", 200, undefined],
    ["out", 100, 90],
    ["out", 133, 125],
    ["out", 90, 80],
    ["out", 80, undefined],
    ["usual", 175, 100],
    ["usual", 100, undefined],
  ] as const)("%s from %s %% is %s", (step: ZoomStep, now, next) => {
    expect(nextZoom(now, step)).toBe(next);
  });

  it("is within what the engine allows", () => {
    expect([ZOOMS[0], ZOOMS.at(-1)]).toEqual([80, 200]);
  });

  it.each([
    ["+", {}, 125],
    // On keyboards where plus is above another sign.
    ["+", { shiftKey: true }, 125],
    ["=", {}, 125],
    ["-", {}, 100],
    ["0", {}, 100],
  ] as const)("is changed by Ctrl and %s %o", async (key, more, zoom) => {
    inAWindow(110);
    expect(press(key, more).defaultPrevented).toBe(true);
    const change = await backend.next("set_settings");
    expect(change.args).toMatchObject({ settings: { zoom } });
    change.answer({ ...settings, zoom });
    await expect.poll(() => app.settings.zoom).toBe(zoom);
  });

  it("is not changed by the same keys without Ctrl, or with others", () => {
    inAWindow(110);
    for (const more of [{ ctrlKey: false }, { altKey: true }, { metaKey: true }]) {
      expect(press("+", more).defaultPrevented).toBe(false);
    }
    expect(backend.names()).toEqual([]);
  });

  it("ends at the largest: the key does nothing, in no other way either", () => {
    inAWindow(200);
    expect(press("+").defaultPrevented).toBe(true);
    expect(backend.names()).toEqual([]);
  });

  it("is the browser's own in a browser", () => {
    expect(press("+").defaultPrevented).toBe(false);
    expect(backend.names()).toEqual([]);
    expect(commands().some(({ id }) => id.startsWith("zoom"))).toBe(false);
    render(AppearanceSection);
    expect(screen.queryByTestId("zoom")).toBeNull();
    expect(screen.getByTestId("density")).toBeTruthy();
    render(ShortcutList);
    expect(screen.queryByText("Zoom in")).toBeNull();
  });

  it("is in the palette and among the shortcuts, with its keys", async () => {
    inAWindow();
    expect(withKeys("Zoom in", "Mod+Plus")).toBe("Zoom in  Ctrl++");
    const found = commands().find(({ id }) => id === "zoom-out");
    expect(found?.keys).toBe("Mod+Minus");
    found?.run();
    const change = await backend.next("set_settings");
    expect(change.args).toMatchObject({ settings: { zoom: 90 } });
    render(ShortcutList);
    for (const name of ["Zoom in", "Zoom out", "Actual size"]) {
      expect(screen.getByText(name)).toBeTruthy();
    }
  });

  it("is shown and changed in the settings; an end is told and keeps the focus", async () => {
    inAWindow(175);
    render(AppearanceSection);
    const more = screen.getByTestId("zoom-in");
    expect(screen.getByTestId("zoom").textContent).toMatch(/^175\s%$/);
    expect(more.getAttribute("aria-disabled")).toBe("false");
    more.focus();
    await fireEvent.click(more);
    const change = await backend.next("set_settings");
    change.answer({ ...settings, zoom: 200 });
    await expect.poll(() => more.getAttribute("aria-disabled")).toBe("true");
    expect(screen.getByTestId("zoom").textContent).toMatch(/^200\s%$/);
    expect(document.activeElement).toBe(more);
    await fireEvent.click(more);
    expect(backend.names()).toEqual([]);
    await fireEvent.click(screen.getByTestId("zoom-usual"));
    const back = await backend.next("set_settings");
    expect(back.args).toMatchObject({ settings: { zoom: 100 } });
  });
});

describe("the motion", () => {
  const chosen = (value: Motion) =>
    screen.getByTestId("motion").querySelector<HTMLElement>(`[data-value="${value}"]`);

  it("is chosen in the settings, and is on the page from its first moment on", async () => {
    render(AppearanceSection);
    expect(chosen("system")?.getAttribute("aria-checked")).toBe("true");
    await fireEvent.click(chosen("reduced") as HTMLElement);
    const change = await backend.next("set_settings");
    expect(change.args).toMatchObject({ settings: { motion: "reduced" } });
    const root = document.documentElement;
    applyLook({ ...settings, motion: "reduced" });
    expect(root.dataset.motion).toBe("reduced");
    delete root.dataset.motion;
    applyRememberedLook();
    expect(root.dataset.motion).toBe("reduced");
    applyLook(settings);
    expect(root.dataset.motion).toBe("system");
  });

  it("is told in German", async () => {
    await speak("de");
    render(AppearanceSection);
    expect(chosen("reduced")?.textContent?.trim()).toBe("Reduziert");
  });
});

describe("the density", () => {
  const chosen = (value: Density) =>
    screen.getByTestId("density").querySelector<HTMLElement>(`[data-value="${value}"]`);

  it("is chosen in the settings, and back where it is refused", async () => {
    render(AppearanceSection);
    expect(chosen("comfortable")?.getAttribute("aria-checked")).toBe("true");
    await fireEvent.click(chosen("compact") as HTMLElement);
    const change = await backend.next("set_settings");
    expect(change.args).toMatchObject({ settings: { density: "compact" } });
    expect(chosen("compact")?.getAttribute("aria-checked")).toBe("true");
    change.refuse({ code: "internal", message: "The disk is full.", details: null });
    await expect.poll(() => chosen("comfortable")?.getAttribute("aria-checked")).toBe("true");
  });

  it("is on the page from its first moment on, as it was last", () => {
    const root = document.documentElement;
    applyLook({ ...settings, density: "compact" });
    expect(root.dataset.density).toBe("compact");
    delete root.dataset.density;
    applyRememberedLook();
    expect(root.dataset.density).toBe("compact");
    applyLook(settings);
    expect(root.dataset.density).toBe("comfortable");
  });

  it("is told in German", async () => {
    await speak("de");
    render(AppearanceSection);
    expect(chosen("compact")?.textContent?.trim()).toBe("Kompakt");
  });

  it("makes rows lower before they are measured", () => {
    const row = (first: boolean, last: boolean) =>
      ({ kind: "message", key: "a", message: message("a"), first, last }) as const;
    for (const each of [row(true, true), row(false, false), row(false, true)]) {
      expect(estimateHeight(each, "compact")).toBeLessThan(estimateHeight(each, "comfortable"));
    }
    expect(estimateHeight(row(false, false), "compact")).toBe(24);
  });
});

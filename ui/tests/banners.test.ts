import { fireEvent, render, screen } from "@testing-library/svelte";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { DiskProblem, Machine } from "../src/lib/bindings";
import Banners from "../src/lib/conversation/Banners.svelte";
import { speak } from "../src/lib/i18n";
import { app } from "../src/lib/state/app.svelte";
import { useBackend } from "../src/lib/state/engine.svelte";
import { view } from "../src/lib/state/view.svelte";
import { HandBackend } from "./fixtures";

const WELL: Machine = { disk: null, clock_behind: null };

beforeEach(() => {
  useBackend(new HandBackend());
  app.connection = { state: "live" };
  app.machine = WELL;
  app.clockRead = null;
});

afterEach(async () => {
  app.machine = WELL;
  view.settings = undefined;
  await speak("en");
});

/** The banner that is shown, with what it is called. */
function shown(): [string | undefined, string] | undefined {
  const banner = screen.queryByTestId("banner");
  const text = (banner?.textContent ?? "").replace(/\s+/g, " ").trim();
  return banner ? [banner.dataset.kind, text] : undefined;
}

describe("a disk that keeps nothing", () => {
  it.each([
    ["full", "No space left on this disk. What is here can be read."],
    ["refuses", "This disk lets nothing be written. What is here can be read."],
    ["damaged", "What is kept on this disk is damaged. Start Tidings again"],
  ] as [DiskProblem, string][])("is told when it is %s, with what is safe", (disk, text) => {
    app.machine = { ...WELL, disk };
    render(Banners);
    expect(shown()?.[0]).toBe(`disk_${disk}`);
    expect(shown()?.[1]).toContain(text);
    expect(screen.getByTestId("banner").getAttribute("role")).toBe("status");
  });

  it("is worse than being signed out or without a connection, and leads to what can be removed", async () => {
    app.connection = { state: "signed_out" };
    app.machine = { disk: "full", clock_behind: 4 };
    render(Banners);
    expect(shown()?.[0]).toBe("disk_full");
    await fireEvent.click(screen.getByTestId("banner-storage"));
    expect(view.settings).toBe("storage");
    app.machine = WELL;
    await expect.poll(() => shown()?.[0]).toBe("signed_out");
  });
});

describe("a clock that is wrong", () => {
  it.each([
    [4, "Your clock is 4 minutes slow."],
    [-1, "Your clock is 1 minute fast."],
    [185, "Your clock is 3 hours slow."],
    [-4 * 1440 - 3, "Your clock is 4 days fast."],
  ])("by %s minutes is told in words", (clock_behind, text) => {
    app.machine = { ...WELL, clock_behind };
    render(Banners);
    expect(shown()).toEqual(["clock", `${text} Times of new messages may look wrong. Dismiss`]);
  });

  it("is told in German", async () => {
    await speak("de");
    app.machine = { ...WELL, clock_behind: 4 };
    render(Banners);
    expect(shown()?.[1]).toContain("Deine Uhr geht 4 Minuten nach.");
  });

  it("is told once, and again where it is wrong by something else", async () => {
    app.machine = { ...WELL, clock_behind: 4 };
    render(Banners);
    await fireEvent.click(screen.getByTestId("banner-dismiss"));
    expect(shown()).toBeUndefined();
    app.machine = { ...WELL, clock_behind: 30 };
    await expect.poll(() => shown()?.[1]).toContain("30 minutes");
  });

  it("comes after everything else", () => {
    app.connection = { state: "signed_out" };
    app.machine = { ...WELL, clock_behind: 4 };
    render(Banners);
    expect(shown()?.[0]).toBe("signed_out");
  });
});

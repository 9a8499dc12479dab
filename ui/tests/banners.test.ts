import { fireEvent, render, screen } from "@testing-library/svelte";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { DiskProblem, Machine, ProjectTrouble, WorkspaceInfo } from "../src/lib/bindings";
import Banners from "../src/lib/conversation/Banners.svelte";
import { dashboard } from "../src/lib/conversation/dashboard";
import { speak } from "../src/lib/i18n";
import { app } from "../src/lib/state/app.svelte";
import { useBackend } from "../src/lib/state/engine.svelte";
import { view } from "../src/lib/state/view.svelte";
import { HandBackend } from "./fixtures";

const LAB: WorkspaceInfo = {
  id: "lab",
  name: "Kestrel Lab",
  local: false,
  url: "https://kestrel-lab.supabase.co",
  email: null,
};
const WELL: Machine = { disk: null, clock_behind: null };

beforeEach(() => {
  useBackend(new HandBackend());
  app.connection = { state: "live" };
  app.machine = WELL;
  app.clockRead = null;
});

afterEach(async () => {
  app.machine = WELL;
  app.active = undefined;
  app.workspaces = [];
  app.outbox = { queued: 0, held: 0, failed: 0 };
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
    [
      "full",
      "No space left on this disk. Everything here stays readable. New messages are not saved until this is fixed.",
    ],
    ["refuses", "This disk cannot be written to. Everything here stays readable."],
    ["damaged", "What is kept on this disk is damaged. Restart Tidings"],
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

describe("a project that does not answer", () => {
  const offline = { state: "offline", since: Date.now(), retry_at: null, reason: null } as const;

  it.each([
    ["paused", 0, "This project is paused. Resume it in Supabase to send."],
    [
      "paused",
      2,
      "This project is paused. Resume it in Supabase; 2 messages wait here until then.",
    ],
    ["gone", 2, "There is no project at this address. It is paused or was deleted."],
  ] as [ProjectTrouble, number, string][])(
    "is told at once when it is %s with %s waiting, and leads to Supabase",
    async (project, queued, text) => {
      const backend = new HandBackend();
      useBackend(backend);
      app.workspaces = [LAB];
      app.active = LAB.id;
      app.outbox = { queued, held: 0, failed: 0 };
      app.connection = { ...offline, project };
      render(Banners);
      expect(shown()?.[0]).toBe(`project_${project}`);
      expect(shown()?.[1]).toContain(text);
      await fireEvent.click(screen.getByTestId("banner-supabase"));
      await fireEvent.click(screen.getByTestId("try-now"));
      expect(backend.asked.map(({ command, args }) => [command, args])).toEqual([
        ["open_link", { url: "https://supabase.com/dashboard/project/kestrel-lab" }],
        ["connect", {}],
      ]);
    },
  );

  it("leads to the list of projects where the address names none", () => {
    for (const address of ["https://chat.example.com", "http://supabase.co", "no address", ""]) {
      expect(dashboard(address), address).toBe("https://supabase.com/dashboard/projects");
    }
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

import { fireEvent, render, screen, waitFor } from "@testing-library/svelte";
import { beforeEach, describe, expect, it } from "vitest";
import AlertEditor from "../src/lib/alerts/AlertEditor.svelte";
import type { Desktop } from "../src/lib/bindings";
import AlertsTab from "../src/lib/panel/AlertsTab.svelte";
import AlertsSection from "../src/lib/settings/AlertsSection.svelte";
import { readClock, writeClock } from "../src/lib/settings/clock";
import StatusBar from "../src/lib/shell/StatusBar.svelte";
import PresenceCard from "../src/lib/sidebar/PresenceCard.svelte";
import { openSessionMenu } from "../src/lib/sidebar/sessionMenu";
import { app } from "../src/lib/state/app.svelte";
import { useBackend } from "../src/lib/state/engine.svelte";
import { settings as held } from "../src/lib/state/settings.svelte";
import { view } from "../src/lib/state/view.svelte";
import Menu from "../src/lib/ui/Menu.svelte";
import { toast } from "../src/lib/ui/toast.svelte";
import { HandBackend, session, settings, snapshot } from "./fixtures";

let backend: HandBackend;

const desktop: Desktop = {
  notifications: "available",
  sounds: true,
  own_sound: true,
  sound_problem: null,
  has_settings: true,
  autostart: false,
  zone: "Europe/Berlin",
};

beforeEach(() => {
  backend = new HandBackend();
  useBackend(backend);
  held.begin(settings);
  app.alertsMutedUntil = undefined;
});

async function shown(more: Partial<Desktop> = {}): Promise<void> {
  render(AlertsSection);
  (await backend.next("desktop")).answer({ ...desktop, ...more });
  await screen.findByTestId("setting-autostart");
}

describe("a time of day", () => {
  it("is read as people write it", () => {
    for (const [text, minute] of [
      ["22:00", 1320],
      ["7", 420],
      ["7.30", 450],
      ["07:30", 450],
      ["7:30 pm", 1170],
      ["12 AM", 0],
      ["12 p.m.", 720],
    ] as const) {
      expect(readClock(text), text).toBe(minute);
    }
    for (const text of ["", "24:00", "7:60", "13 pm", "0 am", "noon", "22:0"]) {
      expect(readClock(text), text).toBeUndefined();
    }
  });

  it("is written so that it reads as itself", () => {
    for (let minute = 0; minute < 1440; minute += 1) {
      expect(readClock(writeClock(minute))).toBe(minute);
    }
  });
});

describe("quiet hours", () => {
  it("show their times once they are on, and keep what is typed", async () => {
    await shown();
    expect(screen.queryByTestId("setting-quiet-from")).toBeNull();
    await fireEvent.click(screen.getByTestId("setting-quiet"));
    const on = await backend.next("set_settings");
    expect(on.args).toMatchObject({ settings: { quiet: { on: true, from: 1320, until: 420 } } });
    on.answer({ ...settings, quiet: { ...settings.quiet, on: true } });
    const from = await screen.findByTestId<HTMLInputElement>("setting-quiet-from");
    expect(from.value).toBe("22:00");
    await fireEvent.input(from, { target: { value: "9:30 pm" } });
    await fireEvent.change(from);
    const change = await backend.next("set_settings");
    expect(change.args).toMatchObject({ settings: { quiet: { from: 1290 } } });
    change.answer({ ...settings, quiet: { ...settings.quiet, on: true, from: 1290 } });
    await waitFor(() => expect(from.value).toBe("21:30"));
  });

  it("say what is no time, and what the engine refuses, where it was typed", async () => {
    held.take({ ...settings, quiet: { ...settings.quiet, on: true } });
    await shown();
    const until = screen.getByTestId<HTMLInputElement>("setting-quiet-until");
    await fireEvent.input(until, { target: { value: "late" } });
    await fireEvent.change(until);
    expect((await screen.findByRole("alert")).textContent).toContain("not a time of day");
    expect(backend.names()).toEqual([]);
    const zone = screen.getByTestId<HTMLInputElement>("setting-quiet-zone");
    expect(zone.placeholder).toBe("Europe/Berlin");
    await fireEvent.input(zone, { target: { value: "Middle/Earth" } });
    await fireEvent.change(zone);
    const refused = await backend.next("set_settings");
    refused.refuse({ code: "invalid", message: "There is no such zone.", details: null });
    await waitFor(() =>
      expect(screen.getAllByRole("alert").map((each) => each.textContent)).toContain(
        "There is no such zone.",
      ),
    );
    expect(zone.value).toBe("Middle/Earth");
  });

  it("begin on chosen days, from Monday on", async () => {
    held.take({ ...settings, quiet: { ...settings.quiet, on: true } });
    await shown();
    const days = screen.getAllByTestId("setting-quiet-day");
    expect(screen.getByRole("button", { name: /^Monday/ })).toBe(days[0]);
    await fireEvent.click(days[5] as HTMLElement);
    const change = await backend.next("set_settings");
    expect(change.args).toMatchObject({
      settings: { quiet: { days: [true, true, true, true, true, false, true] } },
    });
  });
});

describe("what the desktop says", () => {
  it("is told with a way to its settings while it shows nothing", async () => {
    await shown({ notifications: "missing" });
    const kept = screen.getByTestId("notifications-missing");
    expect(kept.textContent).toContain("Notifications are off for Tidings.");
    expect(kept.textContent).toContain("kept in the history");
    await fireEvent.click(screen.getByTestId("notification-settings"));
    await backend.next("open_notification_settings");
    // Back from there, it is asked again.
    await fireEvent.focus(window);
    (await backend.next("desktop")).answer(desktop);
    await waitFor(() => expect(screen.queryByTestId("notifications-missing")).toBeNull());
  });

  it("is told where alerts are listed and where they are made", async () => {
    const places = [
      () => render(AlertsTab),
      () => render(AlertEditor, { id: undefined, form: {} }),
    ];
    for (const place of places) {
      const { unmount } = place();
      (await backend.next("desktop")).answer({ ...desktop, notifications: "inhibited" });
      const kept = await screen.findByTestId("alerts-kept-back");
      expect(kept.textContent).toContain("The desktop is holding notifications back.");
      await fireEvent.click(screen.getByTestId("alerts-kept-back-open"));
      await backend.next("open_notification_settings");
      await fireEvent.focus(window);
      (await backend.next("desktop")).answer(desktop);
      await waitFor(() => expect(screen.queryByTestId("alerts-kept-back")).toBeNull());
      unmount();
    }
  });

  it("has its alerts held in quiet hours, and the editor says when", async () => {
    const { unmount } = render(AlertEditor, { id: undefined, form: {} });
    expect(screen.queryByTestId("alert-quiet")).toBeNull();
    unmount();
    held.take({ ...settings, quiet: { ...settings.quiet, on: true } });
    render(AlertEditor, { id: undefined, form: {} });
    expect(screen.getByTestId("alert-quiet").textContent).toMatch(/Quiet hours\s+22:00 – 07:00/);
  });

  it("is told there with a way to the settings where the desktop has none", async () => {
    render(AlertsTab);
    const none = { ...desktop, has_settings: false };
    (await backend.next("desktop")).answer({ ...none, notifications: "missing" });
    await fireEvent.click(await screen.findByTestId("alerts-kept-back-open"));
    expect(view.settings).toBe("alerts");
    view.settings = undefined;
    expect(backend.names()).not.toContain("open_notification_settings");
    // Nobody is led out of a dialog, where what was typed would be lost.
    view.overlay = { kind: "alert", id: undefined, form: {} };
    await waitFor(() => expect(screen.queryByTestId("alerts-kept-back-open")).toBeNull());
    view.overlay = undefined;
  });

  it("decides which sounds are offered, and what is wrong with one is said", async () => {
    held.take({ ...settings, sound: { sound: "own", name: "bell.ogg" } });
    await shown({ sound_problem: "gone" });
    expect(screen.getByTestId("sound-problem").textContent).toContain("gone");
    expect(screen.getByTestId("sound-choose")).toBeTruthy();
    await fireEvent.click(document.querySelector("[data-value=knock]") as HTMLElement);
    const change = await backend.next("set_settings");
    expect(change.args).toMatchObject({ settings: { sound: { sound: "knock" } } });
    change.answer({ ...settings, sound: { sound: "knock" } });
    (await backend.next("desktop")).answer({ ...desktop, own_sound: false });
    await waitFor(() => expect(screen.queryByTestId("sound-choose")).toBeNull());
    expect(screen.queryByTestId("sound-problem")).toBeNull();
  });

  it("takes a file of one's own", async () => {
    await shown();
    const file = new File([new Uint8Array([79, 103, 103, 83])], "bell.ogg");
    await fireEvent.change(screen.getByTestId("sound-file"), { target: { files: [file] } });
    const chosen = await backend.next("choose_sound");
    expect(chosen.args).toEqual({ name: "bell.ogg", data: "T2dnUw==" });
    chosen.answer({ ...settings, sound: { sound: "own", name: "bell.ogg" } });
    await waitFor(() => expect(app.settings.sound.sound).toBe("own"));
  });

  it("starts the program with it, or does not", async () => {
    await shown();
    await fireEvent.click(screen.getByTestId("setting-autostart"));
    const start = await backend.next("set_autostart");
    expect(start.args).toEqual({ on: true });
    start.answer({});
    (await backend.next("desktop")).answer({ ...desktop, autostart: true });
    await waitFor(() =>
      expect(screen.getByTestId("setting-autostart").getAttribute("aria-checked")).toBe("true"),
    );
  });
});

describe("muted alerts", () => {
  it("are muted for an hour, and the status bar says until when", async () => {
    await shown();
    render(StatusBar);
    expect(screen.queryByTestId("alerts-muted")).toBeNull();
    await fireEvent.click(screen.getByTestId("mute-alerts"));
    const mute = await backend.next("mute_alerts");
    expect(mute.args).toEqual({ minutes: 60 });
    mute.answer({ until: new Date(2026, 10, 27, 15, 40).getTime() });
    const muted = await screen.findByTestId("alerts-muted");
    expect(muted.textContent).toMatch(/Alerts muted until .*40/);
    await fireEvent.click(muted);
    const resume = await backend.next("mute_alerts");
    expect(resume.args).toEqual({ minutes: null });
    resume.answer({ until: null });
    await waitFor(() => expect(screen.queryByTestId("alerts-muted")).toBeNull());
  });
});

describe("a pause", () => {
  it("is chosen in the menu of one's own presence, and ended there or in the status bar", async () => {
    app.notificationsPausedUntil = undefined;
    app.signIn = {
      state: "signed_in",
      account: { user_id: "u", email: null, name: "Noor" },
    };
    render(PresenceCard);
    render(StatusBar);
    render(Menu);
    await fireEvent.click(screen.getByTestId("presence-menu"));
    const leads = screen.getByTestId("pause");
    expect(leads.getAttribute("aria-haspopup")).toBe("menu");
    await fireEvent.click(leads);
    const choices = await screen.findAllByTestId("pause-choice");
    expect(choices.map((choice) => choice.textContent?.trim())).toEqual([
      "For 30 minutes",
      "For 1 hour",
      "For 4 hours",
      expect.stringMatching(/^Until tomorrow, .*8/),
    ]);
    const until = Number(choices[3]?.dataset.value);
    expect(until).toBeGreaterThanOrEqual(8 * 60);
    expect(until).toBeLessThanOrEqual(33 * 60);
    await fireEvent.click(choices[1] as HTMLElement);
    const pause = await backend.next("pause_notifications");
    expect(pause.args).toEqual({ minutes: 60 });
    pause.answer({ until: new Date(2026, 10, 27, 15, 40).getTime() });
    expect((await screen.findByTestId("paused")).textContent).toMatch(/paused until .*40/);
    await fireEvent.click(screen.getByTestId("presence-menu"));
    expect(screen.getByTestId("pause-resume").textContent).toMatch(/Resume.*until .*40/s);
    await fireEvent.click(screen.getByTestId("pause-resume"));
    const resume = await backend.next("pause_notifications");
    expect(resume.args).toEqual({ minutes: null });
    resume.answer({ until: null });
    await waitFor(() => expect(screen.queryByTestId("paused")).toBeNull());
  });
});

describe("a session", () => {
  it("notifies of all, of mentions or of nothing, as its menu says", async () => {
    render(Menu);
    openSessionMenu(document.body, session("s", { notify: "mentions" }));
    const levels = await screen.findAllByTestId("session-notify");
    expect(levels.map((level) => level.getAttribute("aria-checked"))).toEqual([
      "false",
      "true",
      "false",
    ]);
    await fireEvent.click(levels[2] as HTMLElement);
    const change = await backend.next("notify_session");
    expect(change.args).toEqual({ session: "s", notify: "muted" });
  });
});

describe("what is told while the window is in front", () => {
  it("is a toast that leads to it", async () => {
    app.start(backend);
    backend.open();
    (await backend.next("snapshot")).answer(snapshot(1));
    await waitFor(() => expect(app.phase.phase).toBe("ready"));
    backend.tell(2, {
      type: "told",
      title: "Bob in Plans",
      body: "See you at nine\nBob: or ten",
      place: { place: "alerts" },
    });
    expect(toast.current?.text).toBe("Bob in Plans: See you at nine");
    expect(toast.current?.action?.label).toBe("Open");
    view.tab = "market";
    toast.current?.action?.run();
    await waitFor(() => expect(view.tab).toBe("alerts"));
    backend.tell(3, { type: "alerts_muted", until: 1_000_000 });
    expect(app.alertsMutedUntil).toBe(1_000_000);
    backend.tell(4, { type: "notifications_paused", until: 2_000_000 });
    expect(app.notificationsPausedUntil).toBe(2_000_000);
  });
});

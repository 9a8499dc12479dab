import { fireEvent, render, screen } from "@testing-library/svelte";
import { tick } from "svelte";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import Root from "../src/App.svelte";
import { BackendError } from "../src/lib/backend";
import type { LockState } from "../src/lib/bindings";
import { Feed } from "../src/lib/feed";
import { commands } from "../src/lib/palette/commands";
import Overlays from "../src/lib/shell/Overlays.svelte";
import { shortcuts } from "../src/lib/shell/shortcuts";
import { app } from "../src/lib/state/app.svelte";
import { useBackend } from "../src/lib/state/engine.svelte";
import { lock } from "../src/lib/state/lock.svelte";
import { view } from "../src/lib/state/view.svelte";
import { HandBackend, snapshot, unlocked } from "./fixtures";

const LOCKED: LockState = { ...unlocked, stage: "locked" };
const OPEN: LockState = { ...unlocked, stage: "open" };

const refusal = (code: "locked" | "passphrase" | "too_soon") =>
  new BackendError({ code, message: "no", details: null });

let backend: HandBackend;
beforeEach(() => {
  backend = new HandBackend();
  // Nothing was told yet.
  app.version = "";
  view.overlay = undefined;
  view.settings = undefined;
});
afterEach(() => {
  lock.state = undefined;
  vi.restoreAllMocks();
});

/** A page that begins while the lock is closed. */
async function begin(state = LOCKED): Promise<void> {
  app.phase = { phase: "starting" };
  render(Root);
  app.start(backend);
  backend.open();
  (await backend.next("snapshot")).refuse(refusal("locked"));
  (await backend.next("lock_state")).answer(state);
  await screen.findByTestId("lock-passphrase");
}

async function give(passphrase: string): Promise<void> {
  await fireEvent.input(screen.getByTestId("lock-passphrase"), { target: { value: passphrase } });
  await fireEvent.submit(screen.getByTestId("lock-unlock").closest("form") as HTMLFormElement);
}

describe("the screen of the lock", () => {
  it("has the focus in its field, and says what is wrong there", async () => {
    await begin();
    const field = screen.getByTestId("lock-passphrase");
    expect(document.activeElement).toBe(field);
    await give("wrong horse");
    const asked = await backend.next("unlock");
    expect(asked.args).toEqual({ passphrase: "wrong horse" });
    asked.refuse(refusal("passphrase"));
    (await backend.next("lock_state")).answer(LOCKED);
    expect((await screen.findByRole("alert")).textContent).toBe("This is not the passphrase.");
    await expect.poll(() => document.activeElement).toBe(field);
    expect((field as HTMLInputElement).value).toBe("");
  });

  it("takes nothing while one has to wait, and says how long", async () => {
    await begin({ ...LOCKED, wait_until: Date.now() + 65_000 });
    expect(screen.getByRole("alert").textContent).toContain("Too many");
    const button = screen.getByTestId("lock-unlock");
    expect(button.textContent?.trim()).toMatch(/^Again in 1:0\d$/);
    await give("correct horse");
    expect(backend.names()).toEqual([]);
  });

  it("says why no passphrase can be checked", async () => {
    await begin({ ...LOCKED, problem: "no_key_store" });
    expect(screen.getByRole("alert").textContent).toContain("keyring does not answer");
  });

  it("reads everything once it is open, whoever opened it", async () => {
    await begin();
    backend.tell(7, { type: "lock", lock: OPEN });
    (await backend.next("snapshot")).answer({ ...snapshot(7), lock: OPEN });
    await expect.poll(() => app.phase.phase).toBe("ready");
    expect(screen.queryByTestId("locked")).toBeNull();
  });

  it("starts over with the word alone, and names what was not sent", async () => {
    await begin();
    await fireEvent.click(screen.getByTestId("lock-forgotten"));
    const left = { workspaces: 1, local: false, unsent: 2, unread: 0 };
    (await backend.next("left_behind")).answer(left);
    expect((await screen.findByTestId("lock-unsent")).textContent).toContain("2 changes");
    const button = screen.getByTestId<HTMLButtonElement>("lock-start-over");
    expect(button.disabled).toBe(true);
    await fireEvent.input(screen.getByTestId("lock-word"), { target: { value: "remove" } });
    expect(button.disabled).toBe(false);
    await fireEvent.submit(button.closest("form") as HTMLFormElement);
    await backend.next("start_over");
  });
});

describe("a window that shows something", () => {
  beforeEach(async () => {
    app.phase = { phase: "starting" };
    render(Root);
    app.start(backend);
    backend.open();
    (await backend.next("snapshot")).answer({ ...snapshot(1), lock: OPEN });
    await expect.poll(() => app.phase.phase).toBe("ready");
  });

  it("keeps nothing of it when the lock closes", async () => {
    const reload = vi.spyOn(window.location, "reload").mockImplementation(() => undefined);
    await screen.findByTestId("welcome");
    backend.tell(2, { type: "lock", lock: LOCKED });
    await tick();
    expect(reload).toHaveBeenCalledOnce();
    expect(screen.queryByTestId("welcome")).toBeNull();
    expect(document.body.textContent?.trim()).toBe("");
  });

  it("tells that it is used, at most every five seconds", async () => {
    await fireEvent.keyDown(window, { key: "a" });
    await fireEvent.pointerMove(window);
    expect(backend.names().filter((name) => name === "report_use")).toHaveLength(1);
    vi.spyOn(Date, "now").mockReturnValue(Date.now() + 5001);
    await fireEvent.wheel(window);
    expect(backend.names().filter((name) => name === "report_use")).toHaveLength(2);
  });
});

it("tells that it is used also where no passphrase is set", async () => {
  app.phase = { phase: "starting" };
  render(Root);
  app.start(backend);
  backend.open();
  (await backend.next("snapshot")).answer({ ...snapshot(1), lock: unlocked });
  await expect.poll(() => app.phase.phase).toBe("ready");
  vi.spyOn(Date, "now").mockReturnValue(Date.now() + 3_600_000);
  await fireEvent.pointerDown(window);
  await backend.next("report_use");
});

it("is locked by its key and from the palette where there is a passphrase", async () => {
  useBackend(backend);
  app.phase = { phase: "ready" };
  app.active = "w";
  const key = () => new KeyboardEvent("keydown", { key: "l", ctrlKey: true, cancelable: true });
  lock.state = unlocked;
  shortcuts(key());
  expect(commands().some(({ id }) => id === "lock")).toBe(false);
  expect(backend.names()).toEqual([]);
  lock.state = OPEN;
  shortcuts(key());
  await backend.next("lock");
  commands()
    .find(({ id }) => id === "lock")
    ?.run();
  await backend.next("lock");
  app.active = undefined;
});

it("hears of the lock at once, while a snapshot is read, and once", async () => {
  const told: string[] = [];
  new Feed(backend, {
    snapshot: () => {
      told.push("snapshot");
    },
    event: (event) => {
      told.push(event.type);
    },
    closed: () => undefined,
    failed: () => undefined,
  });
  backend.open();
  backend.tell(2, { type: "lock", lock: OPEN });
  expect(told).toEqual(["lock"]);
  (await backend.next("snapshot")).answer(snapshot(1));
  await expect.poll(() => told).toEqual(["lock", "snapshot"]);
  backend.tell(3, { type: "watch_list" });
  expect(told).toEqual(["lock", "snapshot", "watch_list"]);
});

describe("the passphrase", () => {
  async function write(testid: string, value: string): Promise<void> {
    await fireEvent.input(await screen.findByTestId(testid), { target: { value } });
  }
  const submit = () =>
    fireEvent.submit(document.getElementById("passphrase-form") as HTMLFormElement);

  it("is set once both fields say the same", async () => {
    useBackend(backend);
    view.overlay = { kind: "passphrase", what: "set" };
    render(Overlays);
    await write("passphrase-new", "correct horse");
    await write("passphrase-again", "correct house");
    await submit();
    expect(screen.getByRole("alert").textContent).toBe("The two are not the same.");
    expect(backend.names()).toEqual([]);
    await write("passphrase-again", "correct horse");
    await submit();
    const asked = await backend.next("set_passphrase");
    expect(asked.args).toEqual({ current: null, passphrase: "correct horse" });
    asked.answer(OPEN);
    await expect.poll(() => view.overlay).toBeUndefined();
    expect(lock.canLock).toBe(true);
  });

  it("is removed with the one until now", async () => {
    useBackend(backend);
    view.overlay = { kind: "passphrase", what: "remove" };
    render(Overlays);
    await write("passphrase-current", "wrong horse");
    await submit();
    const asked = await backend.next("set_passphrase");
    expect(asked.args).toEqual({ current: "wrong horse", passphrase: null });
    asked.refuse(refusal("passphrase"));
    expect((await screen.findByRole("alert")).textContent).toBe("This is not the passphrase.");
  });
});

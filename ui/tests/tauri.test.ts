import { clearMocks, mockIPC } from "@tauri-apps/api/mocks";
import { afterEach, expect, it, vi } from "vitest";
import capability from "../../src-tauri/capabilities/main.json";
import { TauriBackend } from "../src/lib/backend/tauri";
import type { Numbered } from "../src/lib/bindings";
import { windowControls } from "../src/lib/platform";
import { opened, session, snapshot } from "./fixtures";

afterEach(clearMocks);

/** Answers each command in turn, and keeps what was asked. The page begins as the shell has it. */
async function shell(answer: (command: string) => unknown) {
  const asked: string[] = [];
  let channel = Number.NaN;
  mockIPC((command, args) => {
    const { command: name, events } = args as { command?: string; events?: string };
    asked.push(name === undefined ? command : `${command} ${name}`);
    if (events) channel = Number(events.replace("__CHANNEL__:", ""));
    return answer(command);
  });
  vi.resetModules();
  await import("../src/lib/backend/early.js");
  /** As the shell does: by the channel's callback, counted. */
  const tell = (index: number, message?: Numbered) => {
    const { runCallback } = (globalThis as unknown as { __TAURI_INTERNALS__: Internals })
      .__TAURI_INTERNALS__;
    runCallback(channel, { index, message });
  };
  return { asked, tell };
}

interface Internals {
  runCallback(id: number, data: unknown): void;
}

const numbered = (seq: number): Numbered => ({ seq, event: { type: "watch_list" } });

it("has asked for events and the first snapshot in one, and asks for later ones anew", async () => {
  const { asked, tell } = await shell((command) =>
    command === "subscribe" ? { snapshot: snapshot(3) } : snapshot(8),
  );
  tell(0, numbered(4));
  const backend = new TauriBackend();
  const told: (number | string)[] = [];
  backend.subscribe({
    event: ({ seq }) => told.push(seq),
    // What came before has to be told after it: it forgets what another process told.
    opened: () => told.push("opened"),
    closed: () => undefined,
  });
  expect((await backend.call("snapshot", {})).seq).toBe(3);
  expect((await backend.call("snapshot", {})).seq).toBe(8);
  expect(asked).toEqual(["subscribe", "call snapshot"]);
  // What is large comes late; the end of a channel carries nothing.
  tell(2, numbered(6));
  expect(told).toEqual(["opened", 4]);
  tell(1, numbered(5));
  tell(3);
  expect(told).toEqual(["opened", 4, 5, 6]);
});

it("tells whoever asks first why there is no snapshot, and asks again after that", async () => {
  let broken = true;
  const { asked } = await shell(() => {
    if (broken) throw { code: "internal", message: "The engine did not start.", details: null };
    return snapshot(1);
  });
  const backend = new TauriBackend();
  await expect(backend.call("snapshot", {})).rejects.toThrow("The engine did not start.");
  broken = false;
  expect((await backend.call("snapshot", {})).seq).toBe(1);
  expect(asked).toEqual(["subscribe", "call snapshot"]);
});

it("answers what came with the first snapshot by itself, once and not later", async () => {
  const first = { snapshot: snapshot(1), sessions: [session("a")], opened: opened("a") };
  const { asked } = await shell((command) => (command === "subscribe" ? first : []));
  const backend = new TauriBackend();
  await backend.call("snapshot", {});
  const [sessions, other, own] = await Promise.all([
    backend.call("sessions", {}),
    backend.call("open_session", { session: "b" }),
    backend.call("open_session", { session: "a" }),
  ]);
  expect(sessions).toEqual(first.sessions);
  expect(other).toEqual([]);
  // What was opened since is newer than what came.
  expect(own).toEqual([]);
  await backend.call("sessions", {});
  expect(asked).toEqual(["subscribe", "call open_session", "call open_session", "call sessions"]);
});

it("keeps nothing of the first snapshot for later", async () => {
  const first = { snapshot: snapshot(1), sessions: [], opened: opened("a") };
  const { asked } = await shell((command) => (command === "subscribe" ? first : []));
  const backend = new TauriBackend();
  await backend.call("snapshot", {});
  await new Promise((resolve) => setTimeout(resolve));
  await backend.call("open_session", { session: "a" });
  await backend.call("sessions", {});
  expect(asked).toEqual(["subscribe", "call open_session", "call sessions"]);
});

it("has the window itself do what its buttons say, as far as it is allowed to", async () => {
  const asked: string[] = [];
  mockIPC((command) => {
    asked.push(command);
  });
  const controls = windowControls();
  controls?.minimise();
  controls?.toggleMaximise();
  controls?.close();
  expect(asked).toEqual([
    "plugin:window|minimize",
    "plugin:window|toggle_maximize",
    "plugin:window|close",
  ]);
  // Tauri refuses what the window's capability does not list.
  const allowed = asked.map((command) =>
    command.replace("plugin:", "core:").replace("|", ":allow-").replaceAll("_", "-"),
  );
  expect(capability.permissions).toEqual(expect.arrayContaining(allowed));
});

import { clearMocks, mockIPC } from "@tauri-apps/api/mocks";
import { afterEach, expect, it } from "vitest";
import { TauriBackend } from "../src/lib/backend/tauri";
import type { Numbered } from "../src/lib/bindings";
import { snapshot } from "./fixtures";

afterEach(clearMocks);

/** Answers each command in turn, and keeps what was asked. */
function shell(answer: (command: string) => unknown) {
  const asked: string[] = [];
  let tell: (numbered: Numbered) => void = () => undefined;
  let index = 0;
  mockIPC((command, args) => {
    const { command: name, events } = args as {
      command?: string;
      events?: { id: number; onmessage: (message: Numbered) => void };
    };
    asked.push(name === undefined ? command : `${command} ${name}`);
    if (events) {
      tell = (message) => {
        // As the shell does: by the channel's callback, counted.
        const { runCallback } = (globalThis as unknown as { __TAURI_INTERNALS__: Internals })
          .__TAURI_INTERNALS__;
        runCallback(events.id, { message, index });
        index += 1;
      };
    }
    return answer(command);
  });
  return { asked, tell: (numbered: Numbered) => tell(numbered) };
}

interface Internals {
  runCallback(id: number, data: unknown): void;
}

it("asks for events and the first snapshot in one, and for later ones anew", async () => {
  const { asked, tell } = shell((command) => snapshot(command === "subscribe" ? 3 : 8));
  const backend = new TauriBackend();
  const told: number[] = [];
  backend.subscribe({
    event: ({ seq }) => told.push(seq),
    opened: () => undefined,
    closed: () => undefined,
  });
  expect((await backend.call("snapshot", {})).seq).toBe(3);
  expect((await backend.call("snapshot", {})).seq).toBe(8);
  expect(asked).toEqual(["subscribe", "call snapshot"]);
  tell({ seq: 4, event: { type: "watch_list" } });
  tell({ seq: 5, event: { type: "watch_list" } });
  expect(told).toEqual([4, 5]);
});

it("tells whoever asks first why there is no snapshot, and asks again after that", async () => {
  let broken = true;
  const { asked } = shell(() => {
    if (broken) throw { code: "internal", message: "The engine did not start.", details: null };
    return snapshot(1);
  });
  const backend = new TauriBackend();
  await expect(backend.call("snapshot", {})).rejects.toThrow("The engine did not start.");
  broken = false;
  expect((await backend.call("snapshot", {})).seq).toBe(1);
  expect(asked).toEqual(["subscribe", "call snapshot"]);
});

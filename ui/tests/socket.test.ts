import { beforeEach, describe, expect, it } from "vitest";
import { BackendError } from "../src/lib/backend";
import { SocketBackend, socketAddress } from "../src/lib/backend/socket";

/** A socket whose other side is the test. */
class HandSocket {
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: (() => void) | null = null;
  readonly sent: { id: number; command: string; args: unknown }[] = [];

  constructor(readonly url: string) {}

  send(text: string): void {
    this.sent.push(JSON.parse(text) as HandSocket["sent"][number]);
  }

  close(): void {
    this.onclose?.();
  }

  receive(frame: unknown): void {
    this.onmessage?.({ data: typeof frame === "string" ? frame : JSON.stringify(frame) });
  }
}

describe("the socket door", () => {
  let sockets: HandSocket[];
  let waits: { ms: number; action: () => void }[];
  let backend: SocketBackend;
  let heard: string[];

  const last = () => sockets.at(-1) as HandSocket;

  beforeEach(() => {
    sockets = [];
    waits = [];
    heard = [];
    backend = new SocketBackend("ws://127.0.0.1:1/ws?token=t", {
      make: (url) => {
        const socket = new HandSocket(url);
        sockets.push(socket);
        return socket as unknown as WebSocket;
      },
      after: (ms, action) => {
        waits.push({ ms, action });
        return () => undefined;
      },
    });
    backend.subscribe({
      event: ({ seq }) => heard.push(`event ${seq}`),
      opened: () => heard.push("opened"),
      closed: () => heard.push("closed"),
    });
  });

  it("answers each command by its number", async () => {
    last().onopen?.();
    const first = backend.call("set_draft", { session: "a", text: "x" });
    const second = backend.call("sessions", {});
    const [one, two] = last().sent;
    expect(one).toMatchObject({ command: "set_draft", args: { session: "a", text: "x" } });
    last().receive({ id: two?.id, ok: [] });
    last().receive({ id: one?.id, ok: {} });
    await expect(second).resolves.toEqual([]);
    await expect(first).resolves.toEqual({});
  });

  it("refuses with the error of the contract", async () => {
    last().onopen?.();
    const reply = backend.call("connect", {});
    last().receive({
      id: last().sent[0]?.id,
      error: { code: "offline", message: "The project does not answer.", details: null },
    });
    const error = await reply.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(BackendError);
    expect(error).toMatchObject({ code: "offline", message: "The project does not answer." });
  });

  it("keeps what is asked before it is open", async () => {
    const reply = backend.call("sessions", {});
    expect(last().sent).toEqual([]);
    last().onopen?.();
    last().receive({ id: last().sent[0]?.id, ok: [] });
    await expect(reply).resolves.toEqual([]);
  });

  it("passes events on", () => {
    last().onopen?.();
    last().receive({ event: { seq: 1, event: { type: "watch_list" } } });
    expect(heard).toEqual(["opened", "event 1"]);
  });

  it("fails what was under way when it closed, and never sends it twice", async () => {
    last().onopen?.();
    const reply = backend.call("send_message", { session: "s", content: "hi", reply_to: null });
    last().close();
    await expect(reply).rejects.toBeInstanceOf(BackendError);
    waits.shift()?.action();
    last().onopen?.();
    expect(last().sent).toEqual([]);
    expect(heard).toEqual(["opened", "closed", "opened"]);
  });

  it("tries again after ever longer waits, and at once fast after a success", () => {
    for (let turn = 0; turn < 6; turn += 1) {
      last().close();
      waits.at(-1)?.action();
    }
    expect(waits.map(({ ms }) => ms)).toEqual([250, 500, 1000, 2000, 4000, 5000]);
    last().onopen?.();
    last().close();
    expect(waits.at(-1)?.ms).toBe(250);
  });

  it("ignores frames that are none", () => {
    last().onopen?.();
    last().receive("{not json");
    last().receive({ id: 99, ok: {} });
    last().receive({ notification: { title: "BTC" } });
    expect(heard).toEqual(["opened"]);
  });

  it("stays closed once it was ended", () => {
    last().onopen?.();
    backend.end();
    expect(waits).toEqual([]);
  });
});

describe("the socket's address", () => {
  it.each([
    ["http://127.0.0.1:4321/#token=abc", "ws://127.0.0.1:4321/ws?token=abc"],
    ["http://127.0.0.1:4321/?token=abc", "ws://127.0.0.1:4321/ws?token=abc"],
    ["https://localhost/x/index.html#token=a%2Bb", "wss://localhost/x/ws?token=a%2Bb"],
    ["http://localhost:1/", "ws://localhost:1/ws"],
  ])("of %s is %s", (page, address) => {
    expect(socketAddress(new URL(page) as unknown as Location)).toBe(address);
  });
});

import { type Backend, BackendError, backendError, type Listener } from "../backend";
import type { ApiError, CommandName, Commands, Numbered } from "../bindings";
import { t } from "../i18n";

type Reply = { id: number; ok: unknown } | { id: number; error: ApiError };
type Frame = Reply | { event: Numbered };

interface Pending {
  frame: string;
  resolve: (reply: unknown) => void;
  reject: (error: BackendError) => void;
}

interface Options {
  make?: (url: string) => WebSocket;
  /** Runs `action` after `ms`; answers how to stop it. */
  after?: (ms: number, action: () => void) => () => void;
}

const FIRST_WAIT = 250;
const LONGEST_WAIT = 5000;

/** The loopback WebSocket of `tidings-serve`. It reconnects for as long as it is open. */
export class SocketBackend implements Backend {
  readonly #url: string;
  readonly #make: (url: string) => WebSocket;
  readonly #after: (ms: number, action: () => void) => () => void;
  readonly #listeners = new Set<Listener>();
  readonly #pending = new Map<number, Pending>();
  #socket: WebSocket | undefined;
  #open = false;
  #next = 1;
  #wait = FIRST_WAIT;
  #stopWaiting: (() => void) | undefined;
  #ended = false;

  constructor(url: string, options: Options = {}) {
    this.#url = url;
    this.#make = options.make ?? ((address) => new WebSocket(address));
    this.#after = options.after ?? after;
    this.#connect();
  }

  call<C extends CommandName>(
    command: C,
    args: Commands[C]["args"],
  ): Promise<Commands[C]["reply"]> {
    const id = this.#next;
    this.#next += 1;
    const frame = JSON.stringify({ id, command, args });
    return new Promise((resolve, reject) => {
      this.#pending.set(id, {
        frame,
        resolve: (reply) => resolve(reply as Commands[C]["reply"]),
        reject,
      });
      if (this.#open) this.#socket?.send(frame);
    });
  }

  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener);
    if (this.#open) {
      queueMicrotask(() => {
        if (this.#open && this.#listeners.has(listener)) listener.opened();
      });
    }
    return () => this.#listeners.delete(listener);
  }

  /** Closes for good. */
  end(): void {
    this.#ended = true;
    this.#stopWaiting?.();
    this.#socket?.close();
    this.#failPending();
  }

  #connect(): void {
    const socket = this.#make(this.#url);
    this.#socket = socket;
    // What was asked before the first opening waits; what was under way when a socket closed may
    // have been done, so it fails instead of being done twice.
    socket.onopen = () => {
      this.#open = true;
      this.#wait = FIRST_WAIT;
      for (const { frame } of this.#pending.values()) socket.send(frame);
      for (const listener of [...this.#listeners]) listener.opened();
    };
    socket.onmessage = ({ data }) => this.#receive(data);
    socket.onclose = () => this.#closed(socket);
  }

  #receive(data: unknown): void {
    let frame: Frame;
    try {
      frame = JSON.parse(String(data)) as Frame;
    } catch {
      return;
    }
    if ("event" in frame) {
      for (const listener of [...this.#listeners]) listener.event(frame.event);
      return;
    }
    const pending = this.#pending.get(frame.id);
    if (!pending) return;
    this.#pending.delete(frame.id);
    if ("error" in frame) pending.reject(backendError(frame.error));
    else pending.resolve(frame.ok);
  }

  #closed(socket: WebSocket): void {
    if (socket !== this.#socket) return;
    const wasOpen = this.#open;
    this.#open = false;
    if (wasOpen) {
      this.#failPending();
      for (const listener of [...this.#listeners]) listener.closed();
    }
    if (this.#ended) return;
    this.#stopWaiting = this.#after(this.#wait, () => this.#connect());
    this.#wait = Math.min(LONGEST_WAIT, this.#wait * 2);
  }

  #failPending(): void {
    const error = { code: "internal", message: t("error.doorClosed"), details: null } as const;
    for (const { reject } of this.#pending.values()) reject(new BackendError(error));
    this.#pending.clear();
  }
}

/** The socket beside this page, with the token that its address carries (`#token=…`). */
export function socketAddress(location: Location): string {
  const url = new URL("ws", location.href);
  url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  const token =
    new URLSearchParams(location.hash.slice(1)).get("token") ??
    new URLSearchParams(location.search).get("token");
  url.search = "";
  url.hash = "";
  if (token !== null) url.searchParams.set("token", token);
  return url.href;
}

function after(ms: number, action: () => void): () => void {
  const timer = setTimeout(action, ms);
  return () => clearTimeout(timer);
}

import type { Listener } from "../src/lib/backend";
import type {
  CommandName,
  Commands,
  LockState,
  MessageRow,
  Numbered,
  OpenedSession,
  SessionRow,
  Settings,
  Snapshot,
} from "../src/lib/bindings";

export function message(id: string, more: Partial<MessageRow> = {}): MessageRow {
  return {
    id,
    session: "s",
    user_id: null,
    author: null,
    own: false,
    role: "user",
    kind: "text",
    content: id,
    metadata: {},
    created_at: 0,
    edited: false,
    incomplete: false,
    state: { state: "delivered" },
    pending_edit: null,
    pending_delete: false,
    ...more,
  };
}

export function session(id: string, more: Partial<SessionRow> = {}): SessionRow {
  return {
    id,
    title: id,
    status: "active",
    last_activity: 0,
    snippet: null,
    unread: 0,
    queued: 0,
    held: 0,
    failed: 0,
    draft: null,
    pinned: false,
    notify: "all",
    no_access: false,
    unsent: false,
    role: null,
    people: 0,
    not_here: false,
    ...more,
  };
}

export function opened(id: string): OpenedSession {
  return {
    session: session(id),
    page: { rows: [], gaps: [], before: "end", after: "end" },
    first_unread: null,
    people: [],
  };
}

/** No passphrase is set. */
export const unlocked: LockState = {
  stage: "off",
  problem: null,
  wait_until: null,
  durable: true,
  theme: "system",
  language: "system",
};

export const settings: Settings = {
  revision: 0,
  theme: "system",
  price_palette: "standard",
  zoom: 100,
  density: "comfortable",
  motion: "system",
  language: "system",
  wording: { language: "en", group: ",", decimal: "." },
  enter_sends: true,
  presence: true,
  send_typing: true,
  activity: true,
  prices: true,
  voice: true,
  notifications: true,
  message_notifications: true,
  previews: true,
  quiet: {
    on: false,
    from: 22 * 60,
    until: 7 * 60,
    days: [true, true, true, true, true, true, true],
    zone: null,
  },
  sound: { sound: "chime" },
  alert_message: "",
  close_to_tray: true,
  lock_after: 15,
  lock_when_hidden: false,
  schema: "public",
  tray_hint_shown: false,
  retention: { keep: "everything" },
  price_keeping: { raw_hours: 48, minute_days: 365, hour_days: 1825, day_years: null },
  realtime: {
    reconnect_first_ms: 500,
    reconnect_longest_ms: 30_000,
    heartbeat_ms: 25_000,
    presence_timeout_ms: 30_000,
    typing_timeout_ms: 3000,
    events_per_second: 10,
    frame_log: false,
  },
};

export function snapshot(seq: number): Snapshot {
  return {
    seq,
    workspaces: [],
    active: null,
    settings,
    version: "0.0.0",
    platform: "linux",
    default_url: null,
    default_key: null,
    has_tray: false,
    alerts_muted_until: null,
    notifications_paused_until: null,
    lock: unlocked,
  };
}

interface Asked {
  command: CommandName;
  args: unknown;
  answer: (reply: unknown) => void;
  refuse: (error: unknown) => void;
}

/** A door whose other side is the test: it sees each command, and answers when it likes. */
export class HandBackend {
  readonly asked: Asked[] = [];
  readonly listeners = new Set<Listener>();
  #waiting: (() => void)[] = [];

  call<C extends CommandName>(
    command: C,
    args: Commands[C]["args"],
  ): Promise<Commands[C]["reply"]> {
    return new Promise((resolve, reject) => {
      this.asked.push({
        command,
        args,
        answer: (reply) => resolve(reply as Commands[C]["reply"]),
        refuse: reject,
      });
      for (const wake of this.#waiting.splice(0)) wake();
    });
  }

  subscribe(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** `first`: where the event stands for several, the number of the first. */
  tell(seq: number, event: Numbered["event"], first = seq): void {
    const numbered = first === seq ? { seq, event } : { seq, first, event };
    for (const listener of this.listeners) listener.event(numbered);
  }

  open(): void {
    for (const listener of this.listeners) listener.opened();
  }

  /** The next command of a name that was not taken yet. */
  async next(command: CommandName): Promise<Asked> {
    for (;;) {
      const at = this.asked.findIndex((each) => each.command === command);
      const [found] = at < 0 ? [] : this.asked.splice(at, 1);
      if (found) return found;
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    }
  }

  names(): CommandName[] {
    return this.asked.map(({ command }) => command);
  }
}

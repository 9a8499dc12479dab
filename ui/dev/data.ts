import type {
  ApiError,
  BindingState,
  ChannelState,
  FrameDirection,
  FrameRow,
  MessageRow,
  PriceStorage,
  QuoteRow,
  SessionRow,
  Settings,
  Storage,
} from "../src/lib/bindings";

const now = new Date();
now.setHours(14, 2, 9, 0);
export const NOW = now.getTime();
export const minute = 60_000;
export const at = (hour: number, min: number, days = 0) => {
  const date = new Date(NOW);
  date.setDate(date.getDate() - days);
  date.setHours(hour, min, 0, 0);
  return date.getTime();
};

export const settings: Settings = {
  revision: 0,
  theme: "light",
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
  tray_hint_shown: true,
  retention: { keep: "everything" },
  price_keeping: { raw_hours: 48, minute_days: 365, hour_days: 1825, day_years: null },
  realtime: {
    reconnect_first_ms: 500,
    reconnect_longest_ms: 30_000,
    heartbeat_ms: 25_000,
    presence_timeout_ms: 30_000,
    typing_timeout_ms: 3000,
    events_per_second: 10,
    frame_log: true,
  },
};

function session(id: string, title: string, when: number, more: Partial<SessionRow>): SessionRow {
  return {
    id,
    title,
    status: "active",
    last_activity: when,
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

const said = (author: string, text: string, own = false) => ({
  own,
  author,
  role: "user" as const,
  kind: "text" as const,
  text,
});

export const sessions: SessionRow[] = [
  session("release", "Release 0.9", at(14, 2), {
    pinned: true,
    role: "owner",
    people: 4,
    snippet: said("Noor", "Then we ship at 15:00.", true),
  }),
  session("desk", "BTC desk", at(14, 1), {
    pinned: true,
    unread: 3,
    snippet: said("Ines", "Funding is flat again"),
  }),
  session("payments", "Payments migration", at(13, 47), {
    unread: 2,
    snippet: said("Tomás", "Webhook retries look clean now"),
  }),
  session("tuning", "Postgres tuning", at(12, 30), {
    snippet: said("Sable", "64 MB is enough for both"),
  }),
  session("maya", "Maya Okafor", at(11, 58), {
    notify: "muted",
    snippet: { ...said("Maya", "Voice message, 0:21"), author: null, kind: "voice" },
  }),
  session("design", "Design review", at(10, 16), { draft: "I would drop the second step" }),
  session("rota", "Support rota", at(9, 0, 1), {
    snippet: said("Ines", "Swapped Thursday with Maya"),
  }),
  session("data", "Data retention", at(16, 20, 3), {
    snippet: said("Maya", "90 days, then the archive"),
  }),
  ...Array.from({ length: 14 }, (_, index) =>
    session(`old${index}`, `Archived ${index + 1}`, at(9, 0, 30 + index), { status: "archived" }),
  ),
];

export function message(id: string, more: Partial<MessageRow>): MessageRow {
  return {
    id,
    session: "release",
    user_id: null,
    author: null,
    own: false,
    role: "user",
    kind: "text",
    content: "",
    metadata: {},
    created_at: NOW,
    edited: false,
    incomplete: false,
    state: { state: "delivered" },
    pending_edit: null,
    pending_delete: false,
    ...more,
  };
}

export const noor = { own: true, user_id: "noor", author: "Noor Haddad" };
const answer = `Yes. It adds one nullable column, then builds the index without a write lock:

\`\`\`sql
alter table messages add column if not exists client_id uuid;
create unique index concurrently messages_client_id on messages (client_id);
\`\`\`

| Workspace | Rows | Index build | Slowest write |
| --- | ---: | ---: | ---: |
| Kestrel Lab | 412,806 | 3.1 s | 18 ms |
| Kestrel Support | 1,906,344 | 12.7 s | 24 ms |`;

export const messages: MessageRow[] = [
  ...Array.from({ length: 40 }, (_, index) =>
    message(`old${index}`, {
      ...(index % 3 === 0 ? noor : { author: "Tomás Vidal", user_id: "tomas" }),
      content: `Earlier message ${index + 1}. See https://example.com/a(b)?c=${index}.`,
      created_at: at(9, index, 1),
    }),
  ),
  message("s1", { role: "system", content: "Tomás Vidal joined", created_at: at(13, 44) }),
  message("m1", {
    ...noor,
    content: "Sable, can the migration run while people are connected?",
    created_at: at(13, 46),
  }),
  message("m2", {
    role: "assistant",
    author: "Sable",
    content: answer,
    created_at: at(13, 52),
    kind: "adapter_action",
    metadata: {
      action: "Apply migration",
      adapter: "deploy-runner",
      parameters: { target: "staging", version: "0.9.0-rc.2" },
      status: "done",
      duration_s: 4.2,
      url: "https://example.com/runs/4182",
      link_label: "Run 4182",
    },
  }),
  message("m3", {
    author: "Maya Okafor",
    user_id: "maya",
    kind: "voice",
    content: "Tray and notifications are fine on Windows too. I have nothing left on my list.",
    file: { place: "project" },
    metadata: {
      duration_s: 12,
      waveform: Array.from({ length: 58 }, (_, i) => Math.abs(Math.sin(i * 1.7)) + 0.1),
    },
    created_at: at(14, 0),
  }),
  message("m4", { ...noor, content: "Then we ship at 15:00.", created_at: at(14, 2) }),
];

export const old: MessageRow[] = [
  message("h1", {
    ...noor,
    content: "See you at the meeting tomorrow!",
    created_at: at(17, 12, 3),
    state: { state: "held", written: at(17, 12, 3) },
  }),
  message("h2", {
    ...noor,
    content: "And bring the cables, please.",
    created_at: at(17, 14, 3),
    state: { state: "held", written: at(17, 14, 3) },
  }),
  message("h3", {
    ...noor,
    content: "Back online. Where are we?",
    state: { state: "queued" },
  }),
];

export const locked: ApiError = {
  code: "key",
  message:
    "The key does not open this cache. It was not touched; unlock the keyring that holds its key, or remove the workspace from this computer to start afresh.",
  details: null,
};

export const priceStorage: PriceStorage = {
  raw: { rows: 1_036_800, bytes: 41_500_000 },
  minutes: { rows: 262_144, bytes: 18_900_000 },
  hours: { rows: 21_900, bytes: 1_640_000 },
  days: { rows: 3_650, bytes: 278_528 },
};

export const storage: Storage = {
  bytes: 96_300_000,
  index_bytes: 21_900_000,
  free_bytes: 0,
  messages: 48_213,
  unindexed: 0,
  oldest: at(9, 0, 700),
  sessions: [
    ["desk", "BTC desk", 21_904, 44_100_000, 0],
    ["release", "Release 0.9", 12_871, 25_300_000, 2],
    ["payments", "Payments migration", 8_240, 17_000_000, 0],
    ["tuning", "Postgres tuning", 3_112, 6_900_000, 0],
    ["data", "Data retention", 86, 212_000, 0],
  ].map(([session, title, messages, bytes, unsent]) => ({
    session: String(session),
    title: String(title),
    messages: Number(messages),
    bytes: Number(bytes),
    unsent: Number(unsent),
  })),
  cleaned: { at: at(3, 10), messages: 1_187, bytes: 3_100_000 },
};

export const unsent: MessageRow[] = [
  message("u1", {
    ...noor,
    content: "Then we ship at 15:00, if nobody objects.",
    created_at: at(14, 2) + 1000,
    state: {
      state: "failed",
      code: "rules",
      reason: "The project does not allow you to write here.",
    },
  }),
  message("u2", {
    ...noor,
    content: "I will post the note for the workspace owners before that.",
    created_at: at(14, 2) + 2000,
    state: { state: "queued" },
  }),
  message("u3", {
    ...noor,
    content: "Maya, could you watch the error rate for the first hour?",
    created_at: at(14, 2) + 3000,
    state: { state: "queued" },
  }),
];

export function quote(
  symbol: string,
  name: string,
  price: string,
  percent: string,
  seed: number,
): QuoteRow {
  const base = BigInt(Math.round(Number(price) * 10_000));
  const spark = Array.from({ length: 48 }, (_, i) => {
    const wave =
      Math.sin(i / 5 + seed) * 40 + Math.sin(i * 1.3 + seed) * 14 + i * Number(percent) * 1.2;
    const digits = base + (base * BigInt(Math.round(wave - 47 * Number(percent) * 1.2))) / 10_000n;
    const text = digits.toString().padStart(5, "0");
    return {
      time: NOW - (47 - i) * 30 * minute,
      price: `${text.slice(0, -4)}.${text.slice(-4)}`,
      volume: null,
    };
  });
  return {
    symbol,
    name,
    price,
    change_24h: "831.57",
    change_percentage_24h: percent,
    market_cap: "1340000000000",
    volume_24h: "28600000000",
    time: NOW - 2000,
    stale: false,
    watched: true,
    spark,
  };
}

export const quotes: QuoteRow[] = [
  quote("BTC", "Bitcoin", "67893.40", "1.24", 0),
  quote("ETH", "Ethereum", "3512.08", "-0.42", 2),
  quote("SOL", "Solana", "148.62", "3.87", 4),
  quote("LINK", "Chainlink", "14.87", "-2.15", 1),
  quote("XRP", "XRP", "0.5241", "0.61", 3),
  quote("USDC", "USD Coin", "0.9998", "0.00", 5),
];

/** Looks like a QR code, and is none. */
function pattern(side: number): string {
  const dark: string[] = [];
  for (let y = 0; y < side; y += 1) {
    for (let x = 0; x < side; x += 1) {
      const corner = [
        [0, 0],
        [side - 7, 0],
        [0, side - 7],
      ].find(([left = 0, top = 0]) => x >= left - 1 && x < left + 8 && y >= top - 1 && y < top + 8);
      const [left = 0, top = 0] = corner ?? [];
      const ring = Math.max(Math.abs(x - left - 3), Math.abs(y - top - 3));
      const on = corner ? ring !== 2 && ring < 4 : (x * 7 + y * 13 + ((x * y) % 5)) % 3 === 0;
      if (on) dark.push(`M${x} ${y}h1v1h-1z`);
    }
  }
  return dark.join("");
}

export const enrolment = {
  factor: "f3",
  secret: "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
  qr_size: 37,
  qr_path: pattern(37),
};

const all = (table: string, filter: string | null = null): BindingState => ({
  schema: "public",
  table,
  event: "*",
  filter,
});

export const channels: ChannelState[] = [
  {
    name: "chat",
    status: "subscribed",
    reason: null,
    retry_at: null,
    bindings: [all("chat_sessions"), all("chat_messages")],
  },
  {
    name: "prices",
    status: "errored",
    reason: "Unable to subscribe to changes with given parameters.",
    retry_at: NOW + 96_000,
    bindings: [all("crypto_prices")],
  },
  {
    name: "session:release",
    status: "joined",
    reason: null,
    retry_at: null,
    bindings: [all("user_presence", "session_id=eq.release")],
  },
];

const frame = (
  number: number,
  direction: FrameDirection,
  topic: string,
  event: string,
  bytes: number,
  body: unknown,
): FrameRow => ({
  number,
  time: NOW - (40 - number) * 1700,
  direction,
  topic,
  event,
  bytes,
  payload: JSON.stringify({ body }),
});

export const frames: FrameRow[] = [
  frame(13, "out", "phoenix", "heartbeat", 37, {}),
  frame(14, "in", "phoenix", "phx_reply", 61, { status: "ok", response: {} }),
  frame(15, "out", "realtime:chat", "phx_join", 612, {
    access_token: "[token]",
    config: {
      private: false,
      postgres_changes: [{ event: "*", schema: "public", table: "chat_messages" }],
    },
  }),
  frame(16, "in", "realtime:chat", "phx_reply", 240, { status: "ok" }),
  frame(17, "in", "realtime:chat", "system", 142, {
    extension: "postgres_changes",
    status: "ok",
    message: "Subscribed to PostgreSQL",
  }),
  frame(18, "in", "realtime:chat", "postgres_changes", 913, {
    ids: [90_211_031],
    data: { table: "chat_messages", type: "INSERT", record: { content: "[48 characters]" } },
  }),
  frame(19, "out", "realtime:session:release", "broadcast", 148, {
    type: "broadcast",
    event: "typing",
    payload: "[JSON, 64 bytes]",
  }),
];

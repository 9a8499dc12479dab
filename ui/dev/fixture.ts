import "../src/styles/fonts.css";
import "../src/styles/tokens.css";
import "../src/styles/base.css";
import { mount, tick } from "svelte";
import App from "../src/App.svelte";
import { type Backend, BackendError, type Listener } from "../src/lib/backend";
import type {
  CommandName,
  Commands,
  Connection,
  Event,
  GetMessages,
  GetPriceHistory,
  PreviewRule,
  PriceHistory,
  RuleRow,
  SaveRule,
  SignInState,
  Snapshot,
} from "../src/lib/bindings";
import { amount } from "../src/lib/format/number";
import { speak, spoken } from "../src/lib/i18n";
import { use } from "../src/lib/i18n/spoken.svelte";
import { app } from "../src/lib/state/app.svelte";
import { market } from "../src/lib/state/market.svelte";
import { view } from "../src/lib/state/view.svelte";
import * as alerts from "./alerts";
import { history } from "./chart";
import { checked } from "./checks";
import * as data from "./data";
import { kinds, recording } from "./kinds";
import { CLOSED, lockIn } from "./lock";
import * as who from "./people";
import { around, search } from "./search";
import { IN_GERMAN, pseudo } from "./speech";

const state = location.hash.slice(1) || "conversation";
const parameters = new URLSearchParams(location.search);
const language = parameters.get("lang") ?? "en";
const settings = {
  ...data.settings,
  language: language === "de" ? ("de" as const) : ("en" as const),
  theme: (parameters.get("theme") ?? "light") as "light" | "dark" | "system",
  density: parameters.has("compact") ? ("compact" as const) : ("comfortable" as const),
  ...(state === "blocked"
    ? {
        quiet: { ...data.settings.quiet, on: true },
        sound: { sound: "own" as const, name: "temple-bell.ogg" },
      }
    : {}),
};
document.documentElement.dataset.theme = settings.theme;
document.documentElement.dataset.window = parameters.has("controls") ? "controls" : "none";

const RealDate = Date;
const shift = data.NOW - RealDate.now();
Date.now = () => RealDate.prototype.getTime.call(new RealDate()) + shift;

const signingIn = ["sign-in", "browser", "second-factor"].includes(state);
const first = ["welcome", "connect"].includes(state) || signingIn;
const stale = state === "offline";
const asks = state === "held" || state === "outbox";
const away = { since: data.NOW - 4 * 60_000, retry_at: data.NOW + 30_000, reason: null };
const connection: Connection =
  state === "offline"
    ? { state: "offline", ...away, project: null }
    : state === "project-paused"
      ? { state: "offline", ...away, project: "paused" }
      : state === "project-gone"
        ? { state: "offline", ...away, project: "gone" }
        : state === "catching-up"
          ? { state: "catching_up", done: 86, total: 140 }
          : state === "signed-out" || signingIn
            ? { state: "signed_out" }
            : state === "refused"
              ? {
                  state: "refused",
                  reason: "The project refuses the key. Check it in the project's settings.",
                }
              : { state: "live" };
const messages =
  state === "offline"
    ? [...data.messages.slice(0, -2), ...data.unsent]
    : state === "held"
      ? [...data.messages.slice(0, -2), ...data.old]
      : state === "kinds"
        ? kinds
        : data.messages;
const rows = data.sessions.map((row) =>
  row.id === "release" && asks
    ? { ...row, held: 2, queued: 1 }
    : row.id === "release" && state === "no-access"
      ? { ...row, no_access: true }
      : row.id === "data"
        ? { ...row, not_here: state === "held", snippet: state === "held" ? null : row.snippet }
        : row,
);
const quotes = data.quotes.map((quote) => ({
  ...quote,
  stale,
  time: stale ? data.NOW - 4 * 60_000 : quote.time,
}));
const local = state === "local";
const info = {
  id: "w1",
  name: local ? "Local workspace" : "Kestrel Lab",
  local,
  url: "https://kestrel-lab.supabase.co",
  email: "noor@example.com",
};
const account = { user_id: "noor", email: "noor@example.com", name: "Noor Haddad" };
const factors = [
  { id: "f1", name: "Phone" },
  { id: "f2", name: "Tablet at home" },
];
const signIn: SignInState =
  state === "second-factor"
    ? { state: "second_factor", email: "noor@example.com", factors }
    : connection.state === "signed_out"
      ? { state: "signed_out" }
      : { state: "signed_in", account };

const lock = lockIn(state, settings);
const snapshot: Snapshot = {
  seq: 0,
  workspaces: state === "welcome" || state === "connect" ? [] : [info],
  active:
    state === "welcome" || state === "connect"
      ? null
      : {
          info,
          sign_in: signIn,
          connection,
          download: state === "download" ? { done: 12_400, total: 90_000, paused: false } : null,
          machine: {
            disk: state === "disk-full" ? "full" : null,
            clock_behind: state === "clock" ? 4 : null,
          },
          outbox: stale
            ? { queued: 2, held: 0, failed: 1 }
            : { queued: 0, held: asks ? 2 : 0, failed: 0 },
          presence: "online",
          simulated_prices: local,
          prices_from: data.NOW,
          armed: 5,
          last_session: "release",
          shares: true,
          secrets_in_memory: state === "sign-in",
        },
  settings,
  version: "0.1.0",
  platform: "linux",
  default_url: null,
  default_key: null,
  has_tray: true,
  notifications_paused_until: state === "paused" ? data.NOW + 98 * 60_000 : null,
  alerts_muted_until: state === "muted" ? data.NOW + 98 * 60_000 : null,
  lock,
};

/** The engine's words in the page's language. */
function engine(text: string): string {
  return language === "de" ? (IN_GERMAN[text] ?? text) : text;
}

let rules = (state === "alerts-empty" ? [] : alerts.rules).map((rule) => ({
  ...rule,
  sentence: engine(rule.sentence),
  paused: rule.paused && { ...rule.paused, reason: engine(rule.paused.reason) },
}));

/** Keeps a rule as changed; 69,000 is refused. */
function save({ id, form }: SaveRule): RuleRow {
  const known = rules.find((rule) => rule.id === id);
  const price = "price" in form.condition ? form.condition.price : "";
  if (!known || price === "69000") {
    throw new BackendError({
      code: "invalid",
      message: "The price of an alert is no round number. Nothing was changed.",
      details: null,
    });
  }
  const row = { ...known, form, sentence: known.sentence.replace(/[\d,.]+/, amount(price)) };
  rules = rules.map((rule) => (rule.id === id ? row : rule));
  return row;
}

function chartOf({ symbol, range }: GetPriceHistory): PriceHistory | undefined {
  const quote = quotes.find((each) => each.symbol === symbol);
  return quote && history(range, quote);
}

function answer(command: CommandName, args: unknown): unknown {
  const empty = state === "empty" || first;
  switch (command) {
    case "snapshot":
      if (state === "start-failure") throw new BackendError(data.locked);
      if (state === "locked") throw new BackendError(CLOSED);
      return snapshot;
    case "lock_state":
      return lock;
    case "unlock":
      throw new BackendError({ ...CLOSED, code: "passphrase" });
    case "left_behind":
      return { workspaces: 2, local: true, unsent: 3, unread: 0 };
    case "sessions":
      return empty ? [] : state === "reader" ? who.readOnly : rows;
    case "participants":
      return who.participants;
    case "create_invite":
      return who.invite;
    case "invites":
      return who.invites;
    case "open_session":
      return {
        session: rows.find((row) => row.id === (args as { session: string }).session),
        page: {
          rows: (args as { session: string }).session === "release" ? messages : [],
          gaps: state === "kinds" ? ["k5"] : [],
          before: "end",
          after: "end",
        },
        first_unread: stale || state === "kinds" ? null : "m2",
        people:
          (args as { session: string }).session === "release" && state !== "no-access"
            ? who.people
            : [],
      };
    case "messages":
      return { rows: around(args as GetMessages, messages), gaps: [], before: "end", after: "end" };
    case "watch_list":
      return state === "empty" ? [] : quotes;
    case "symbols":
      return quotes;
    case "price_history":
      return chartOf(args as GetPriceHistory);
    case "save_rule":
      return save(args as SaveRule);
    case "rules":
      return rules;
    case "firings":
      return state === "alerts-empty" ? [] : alerts.firingsIn(engine);
    case "preview_rule":
      return {
        valid: true,
        problem: null,
        message_problem: null,
        sentence: engine("Crosses above 70,000"),
        arming: engine("Below the line: armed at once"),
        armed_at_once: true,
        distance_percent: "3.1",
        past: {
          fired: 4,
          last: data.NOW - 26 * 3_600_000,
          since: data.NOW - 7 * 86_400_000,
          short: false,
        },
        past_unknown: null,
        notification: alerts.notification((args as PreviewRule).form.message, engine),
      };
    case "details":
      return {
        session: data.sessions[0],
        created_at: data.NOW - 30 * 86_400_000,
        messages: 1284,
        gaps: 0,
        complete: true,
        verified_at: data.NOW - 60_000,
        history: [
          { from: null, to: data.NOW - 9 * 86_400_000, verified_at: data.NOW - 5 * 3_600_000 },
          {
            from: data.NOW - 9 * 86_400_000,
            to: data.NOW - 3 * 86_400_000,
            verified_at: null,
          },
          { from: data.NOW - 3 * 86_400_000, to: null, verified_at: data.NOW - 60_000 },
        ],
        people: who.people,
      };
    case "voice_file":
      return recording((args as { message: string }).message);
    case "search":
      return search((args as { query: string }).query, messages);
    case "suggest":
      return { query: "retention" };
    case "export":
      return {
        path: "~/Downloads/Release 0.9.md",
        sessions: 1,
        messages: 1284,
        incomplete: 0,
        unsent: 0,
        bytes: 412_000,
      };
    case "price_storage":
      return data.priceStorage;
    case "storage":
      return data.storage;
    case "preview_retention":
      return { messages: 31_240, bytes: 41_300_000, sessions: 18 };
    case "find_date":
      return { message: null, certain: false };
    case "check_project":
      return checked;
    case "diagnostics":
      return {
        connection,
        latency_ms: 41.3,
        channels: data.channels,
        last_error: "Unable to subscribe to changes with given parameters.",
        counters: [
          { name: "frames in", value: 1284 },
          { name: "frames out", value: 211 },
          { name: "waited for their turn", value: 3 },
        ],
        clock_skew_ms: 120,
      };
    case "frame_log":
      return { on: true, frames: data.frames, forgotten: 12 };
    case "save_frame_log":
      return { path: "~/Downloads/tidings-frames-2025-10-14T14-02-09.jsonl" };
    case "outbox":
      return [...data.old, ...data.unsent].map((row, seq) => ({
        seq,
        session: row.session,
        session_title: "Release 0.9",
        message: row.id,
        change: "send",
        text: row.content,
        state: row.state,
        attempts: 1,
        created_at: row.created_at,
      }));
    case "sign_in_options":
      return { providers: ["github", "google"] };
    case "sign_in_with_provider":
      return new Promise(() => {});
    case "factors":
      return factors;
    case "enrol_factor":
      return data.enrolment;
    case "desktop":
      return {
        notifications: state === "blocked" ? "missing" : "available",
        sounds: true,
        own_sound: true,
        sound_problem: state === "blocked" ? "gone" : null,
        has_settings: true,
        autostart: false,
        zone: "Europe/Berlin",
      };
    case "mute_alerts":
      return { until: data.NOW + 60 * 60_000 };
    case "set_settings":
      return (args as { settings: unknown }).settings;
    default:
      return {};
  }
}

let stirred = 0;
let tell: (event: Event) => void = () => undefined;
let close: () => void = () => undefined;

/** The next price of the first symbol. */
function stir(): void {
  const [quote] = quotes;
  if (!quote) return;
  const price = `67${893 + (stirred % 7)}.40`;
  const next = { ...quote, price, time: Date.now(), spark: [] };
  tell({ type: "prices", quotes: [next] });
}

const backend: Backend = {
  async call<C extends CommandName>(command: C, args: Commands[C]["args"]) {
    return answer(command, args) as Commands[C]["reply"];
  },
  subscribe(listener: Listener) {
    queueMicrotask(() => listener.opened());
    tell = (event) => {
      stirred += 1;
      listener.event({ seq: stirred, event });
    };
    close = () => listener.closed();
    const ticks = Number(parameters.get("ticks") ?? 0);
    if (ticks > 0) setInterval(stir, 1000 / ticks);
    return () => undefined;
  },
};

const target = document.getElementById("app");
if (target) mount(App, { target });
app.start(backend);

void arrive();

/** Goes on from the first screen. Not at the top level: what a dialog loads waits for that to end. */
async function arrive(): Promise<void> {
  await until(() => app.phase.phase !== "starting");
  // No settings came that say it.
  if (app.phase.phase === "failed") await speak(settings.language);
  if (language === "pseudo") use(pseudo(spoken()));
  if (parameters.get("dir") === "rtl") use({ ...spoken(), direction: "rtl" });
  await tick();
  const tabs = { alerts: "alerts", "alerts-empty": "alerts", details: "details" } as const;
  if (state in tabs) view.showTab(tabs[state as keyof typeof tabs]);
  if (state === "chart") await market.show("BTC");
  if (state === "editor") {
    view.tab = "alerts";
    view.overlay = {
      kind: "alert",
      id: undefined,
      form: {
        symbol: "BTC",
        repeat: "every",
        condition: { kind: "above", price: "70000", rearm_percent: null },
      },
    };
  }
  if (state === "slash") {
    await until(() => document.querySelector("[data-testid=slash-open]") !== null);
    document.querySelector<HTMLElement>("[data-testid=slash-open]")?.click();
  }
  if (state === "palette") view.overlay = { kind: "palette", query: "btc" };
  if (state === "search-none") view.results = "retnetion";
  if (state === "unreachable") close();
  if (state === "told") {
    tell({
      type: "told",
      title: engine("BTC crossed above 70,000"),
      body: engine("70,000.00, ▲ +1.24 % in 24 hours"),
      place: { place: "chart", symbol: "BTC" },
    });
  }
  if (state === "privacy") view.settings = "privacy";
  if (state === "passphrase") {
    view.settings = "privacy";
    view.overlay = { kind: "passphrase", what: "set" };
  }
  if (state === "settings" || state === "blocked") {
    view.settings = (parameters.get("section") ??
      (state === "blocked" ? "alerts" : "appearance")) as "appearance";
  }
  if (state === "browser") {
    await until(() => document.querySelector("[data-testid=provider-github]") !== null);
    document.querySelector<HTMLElement>("[data-testid=provider-github]")?.click();
  }
  if (state === "add-factor") {
    view.settings = "account";
    view.overlay = { kind: "add-factor", onadded: () => undefined };
    await until(() => document.querySelector("[data-testid=factor-save]") !== null);
    document.querySelector<HTMLElement>("[data-testid=factor-save]")?.click();
  }
  if (state === "own-name" || state === "password") {
    view.settings = "account";
    view.overlay =
      state === "password"
        ? { kind: "password", recovery: false }
        : { kind: "own-name", name: "Noor Haddad" };
  }
  if (state === "join") view.overlay = { kind: "join" };
  if (state === "invite" || state === "invite-code") {
    view.overlay = { kind: "invite", session: "release" };
  }
  if (state === "invite-code") {
    const ready = () =>
      document.querySelector<HTMLButtonElement>("[data-testid=invite-create]:not([disabled])");
    await until(() => ready() !== null);
    ready()?.click();
  }
  if (state === "date") view.overlay = { kind: "date", session: "release" };
  if (state === "outbox") view.overlay = { kind: "outbox" };
  if (state === "connect") {
    await until(() => document.querySelector("[data-testid=welcome-connect]") !== null);
    document.querySelector<HTMLElement>("[data-testid=welcome-connect]")?.click();
    await tick();
    for (const [id, value] of [
      ["connect-url", "https://kestrel-lab.supabase.co"],
      ["connect-key", "sb_publishable_mQ4t7Zr1"],
    ]) {
      const input = document.querySelector<HTMLInputElement>(`[data-testid=${id}]`);
      if (!input) continue;
      input.value = value ?? "";
      input.dispatchEvent(new Event("input", { bubbles: true }));
    }
  }
  const menu = state === "menu" ? "[data-testid=presence-menu]" : undefined;
  if (menu) document.querySelector<HTMLElement>(menu)?.click();
  if (parameters.has("drawer")) view.drawer = true;
  await tick();
  // Told to whoever waits for the page.
  document.documentElement.dataset.arrived = "";
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => requestAnimationFrame(resolve));
}

import { type Backend, backendError } from "../backend";
import type {
  Connection,
  Download,
  Event,
  LockState,
  Machine,
  OutboxSummary,
  OwnPresence,
  Place,
  Settings,
  SignInState,
  Snapshot,
  WorkspaceInfo,
  WorkspaceState,
} from "../bindings";
import { Feed } from "../feed";
import { said, t } from "../i18n";
import { showToast } from "../ui/toast.svelte";
import { alerts } from "./alerts.svelte";
import { begun } from "./begun";
import { conversation } from "./conversation.svelte";
import { drafts } from "./drafts";
import { call, tellFailure, tryCall, useBackend } from "./engine.svelte";
import { leave, lock } from "./lock.svelte";
import { market } from "./market.svelte";
import { originals } from "./originals.svelte";
import { sessions } from "./sessions.svelte";
import { settings } from "./settings.svelte";
import { view } from "./view.svelte";

type Phase =
  | { phase: "starting" }
  | { phase: "failed"; error: unknown }
  | { phase: "locked" }
  | { phase: "ready" };

const NOTHING_WRONG: Machine = { disk: null, clock_behind: null };
const NO_OUTBOX: OutboxSummary = { queued: 0, held: 0, failed: 0 };
/** What the embedded server calls its one user. */
const LOCAL_NAME = "You";
const SIGNED_OUT: SignInState = { state: "signed_out" };

/** The state that the whole window shares: a snapshot, kept up to date by events. */
class App {
  phase = $state<Phase>({ phase: "starting" });
  /** False while the door to the engine is closed (a browser only). */
  reachable = $state(true);
  workspaces = $state.raw<readonly WorkspaceInfo[]>([]);
  active = $state<string | undefined>();
  signIn = $state.raw<SignInState>(SIGNED_OUT);
  connection = $state.raw<Connection>({ state: "connecting" });
  /** What is fetched in the background, while something is missing on this device. */
  download = $state.raw<Download | undefined>();
  /** What is wrong with this computer. */
  machine = $state.raw<Machine>(NOTHING_WRONG);
  /** How wrong the clock was when the user had read of it. */
  clockRead = $state<number | null>(null);
  outbox = $state.raw<OutboxSummary>(NO_OUTBOX);
  presence = $state<OwnPresence>("online");
  armed = $state(0);
  simulatedPrices = $state(false);
  pricesFrom = $state<number | undefined>();
  secretsInMemory = $state(false);
  /** Whether sessions can be shared on the project. */
  shares = $state(false);
  version = $state("");
  platform = $state("");
  defaultUrl = $state("");
  defaultKey = $state("");
  hasTray = $state(false);
  /** Until when alerts are muted. */
  alertsMutedUntil = $state<number | undefined>();
  notificationsPausedUntil = $state<number | undefined>();

  /** As they are shown. */
  get settings(): Settings {
    return settings.now;
  }

  readonly workspace = $derived(this.workspaces.find((each) => each.id === this.active));
  /** Connected, so that what is said of others holds. */
  readonly inTouch = $derived(
    this.connection.state === "live" || this.connection.state === "catching_up",
  );
  readonly account = $derived(this.signIn.state === "signed_in" ? this.signIn.account : undefined);
  readonly signedIn = $derived(this.account !== undefined);

  /** What one is called: the local workspace's user has a name from the program. */
  readonly ownName = $derived(
    this.workspace?.local && this.account?.name === LOCAL_NAME
      ? t("message.you")
      : this.account?.name,
  );

  #feed: Feed | undefined;
  #opensFirst = false;

  start(backend: Backend): void {
    useBackend(backend);
    settings.begin();
    this.#feed = new Feed(backend, {
      snapshot: (snapshot) => this.#take(snapshot),
      event: (event) => this.#apply(event),
      closed: () => {
        this.reachable = false;
      },
      failed: (error) => {
        if (backendError(error).code === "locked") this.#close().catch((e) => this.fail(e));
        else this.fail(error);
      },
    });
  }

  /** Nothing can be shown: says why, and offers to try again. */
  fail(error: unknown): void {
    this.phase = { phase: "failed", error };
  }

  /** The lock was opened: everything is read. */
  async unlocked(): Promise<void> {
    if (this.phase.phase === "locked") await this.retry();
  }

  /** The lock is closed. A page that was told something keeps nothing of it. */
  async #close(): Promise<void> {
    this.phase = { phase: "locked" };
    if (this.version !== "") {
      leave();
      return;
    }
    const state = await call("lock_state", {});
    await settings.speak(state.language);
    document.documentElement.dataset.theme = state.theme;
    lock.state = state;
  }

  async #takeLock(state: LockState): Promise<void> {
    if (state.stage === "locked") {
      if (this.phase.phase === "locked") lock.state = state;
      else await this.#close();
      return;
    }
    lock.state = state;
    await this.unlocked();
  }

  async retry(): Promise<void> {
    this.phase = { phase: "starting" };
    await this.#feed?.reread();
  }

  /** What a workspace is called here: the local one has its name from the program. */
  nameOf(workspace: WorkspaceInfo | undefined): string {
    if (!workspace) return "";
    return workspace.local ? said(workspace.name) : workspace.name;
  }

  /** Stops fetching older messages, or lets it go on. */
  async pauseDownload(paused: boolean): Promise<void> {
    await tryCall("pause_download", { paused });
  }

  /** Mutes all alerts for a time, or has them told again. */
  async muteAlerts(minutes: number | null): Promise<void> {
    const muted = await tryCall("mute_alerts", { minutes });
    if (muted) this.alertsMutedUntil = muted.until ?? undefined;
  }

  /** Holds alerts and messages for a time, or has what was held told now. */
  async pauseNotifications(minutes: number | null): Promise<void> {
    const paused = await tryCall("pause_notifications", { minutes });
    if (paused) this.notificationsPausedUntil = paused.until ?? undefined;
  }

  /** Opens a place that a notification, the tray or a link names. */
  async show(place: Place): Promise<void> {
    if (place.place === "window") return;
    view.overlay = undefined;
    if (place.place === "session") {
      await this.openSession(place.session, place.message ?? undefined);
    } else if (place.place === "chart") {
      await this.openChart(place.symbol);
    } else {
      view.showTab("alerts");
    }
  }

  async openSession(id: string, message?: string): Promise<void> {
    view.showMain();
    if (view.narrow) view.drawer = false;
    await conversation.open(id, message);
  }

  /** Opens the chart of a symbol, which is watched from then on. */
  async openChart(symbol: string, range = market.range): Promise<void> {
    view.showTab("market");
    await market.known();
    if (!market.order.includes(symbol)) await market.watch([...market.order, symbol]);
    market.range = range;
    await market.show(symbol);
  }

  /**
   * Brings another workspace to the front. What was being written stays in its own: the session is
   * left before, and what was sent there is taken or given back.
   */
  async select(id: string): Promise<void> {
    const open = conversation.id;
    conversation.leave();
    await conversation.allSent();
    await drafts.kept();
    if (await tryCall("select_workspace", { id })) await this.reread();
    else if (open !== undefined) await conversation.open(open);
  }

  /** Reads everything again: another workspace came to the front. */
  async reread(): Promise<void> {
    await this.#feed?.reread();
  }

  async #take(snapshot: Snapshot): Promise<void> {
    const changed = this.active !== (snapshot.active?.info.id ?? undefined);
    settings.take(snapshot.settings, !this.reachable);
    this.reachable = true;
    this.workspaces = snapshot.workspaces;
    this.version = snapshot.version;
    this.platform = snapshot.platform;
    this.defaultUrl = snapshot.default_url ?? "";
    this.defaultKey = snapshot.default_key ?? "";
    this.hasTray = snapshot.has_tray;
    this.alertsMutedUntil = snapshot.alerts_muted_until ?? undefined;
    this.notificationsPausedUntil = snapshot.notifications_paused_until ?? undefined;
    lock.state = snapshot.lock;
    // What was found in another workspace leads nowhere in this one.
    if (changed && this.active !== undefined) view.results = undefined;
    if (changed) this.#clear();
    begun.workspace = snapshot.active?.info.id;
    this.#takeWorkspace(snapshot.active);
    const speaking = settings.speak(settings.now.language);
    // Shown beside the conversation, which does not wait for it; the events do.
    const beside =
      snapshot.active && this.settings.prices && Promise.all([market.load(), alerts.load()]);
    if (snapshot.active) {
      const { last_session: last } = snapshot.active;
      await Promise.all([
        sessions.load(),
        conversation.id !== undefined
          ? conversation.reread()
          : last !== null && conversation.open(last),
      ]);
      if (conversation.id === undefined) await this.#openFirst();
      else conversation.takeDraft(sessions.get(conversation.id)?.draft ?? "");
    }
    await speaking;
    this.phase = { phase: "ready" };
    await beside;
    await settings.tellWording();
  }

  async #openFirst(): Promise<void> {
    const first = sessions.ordered[0];
    // A workspace that was just opened has none yet: the first that arrives is opened.
    this.#opensFirst = first === undefined;
    if (first) await conversation.open(first.id);
  }

  #clear(): void {
    conversation.reset();
    originals.clear();
    drafts.clear();
    sessions.clear();
    market.clear();
    alerts.clear();
  }

  #takeWorkspace(state: WorkspaceState | null): void {
    this.active = state?.info.id;
    this.signIn = state?.sign_in ?? SIGNED_OUT;
    this.connection = state?.connection ?? { state: "connecting" };
    market.setInTouch(this.inTouch);
    this.download = state?.download ?? undefined;
    this.machine = state?.machine ?? NOTHING_WRONG;
    this.outbox = state?.outbox ?? NO_OUTBOX;
    this.presence = state?.presence ?? "online";
    this.armed = state?.armed ?? 0;
    this.simulatedPrices = state?.simulated_prices ?? false;
    this.pricesFrom = state?.prices_from ?? undefined;
    this.secretsInMemory = state?.secrets_in_memory ?? false;
    this.shares = state?.shares ?? false;
  }

  #apply(event: Event): void {
    switch (event.type) {
      case "resync":
        break;
      case "workspaces":
        this.workspaces = event.workspaces;
        begun.keepOnly(event.workspaces.map(({ id }) => id));
        if ((event.active ?? undefined) !== this.active) void this.reread();
        break;
      case "connection":
        this.connection = event.connection;
        market.setInTouch(this.inTouch);
        break;
      case "download":
        this.download = event.download ?? undefined;
        break;
      case "machine":
        this.machine = event.machine;
        break;
      case "account":
        this.signIn = event.sign_in;
        // Another account sees other sessions.
        void sessions.load();
        break;
      case "sessions":
        sessions.apply(event.changed, event.removed);
        if (conversation.id !== undefined && event.removed.includes(conversation.id)) {
          conversation.reset();
          view.column = "sessions";
          this.#openFirst().catch(tellFailure);
        }
        if (this.#opensFirst && conversation.id === undefined) {
          this.#openFirst().catch(tellFailure);
        }
        break;
      case "messages":
        conversation.apply(event.session, event.changed, event.removed, event.reread);
        originals.apply(event.changed, event.removed, event.reread);
        begun.forget(event.removed);
        break;
      case "outbox":
        this.outbox = event.outbox;
        break;
      case "draft":
        conversation.addToDraft(event.session, event.text);
        break;
      case "people":
        if (event.session === conversation.id) conversation.people = event.people;
        break;
      case "sharing":
        this.shares = event.shares;
        // What one may do in them, and with whom, is known or unknown now.
        void sessions.load();
        break;
      case "presence":
        this.presence = event.presence;
        break;
      case "prices":
        market.apply(event.quotes);
        break;
      case "price_history":
        void market.pastChanged(event.symbols);
        break;
      case "watch_list":
        void market.load();
        break;
      case "rules":
        this.armed = event.armed;
        void alerts.loadRules();
        break;
      case "rule_waits":
        alerts.follow(event.rules);
        break;
      case "fired":
        alerts.fired(event.firing);
        break;
      case "notifications_paused":
        this.notificationsPausedUntil = event.until ?? undefined;
        break;
      case "alerts_muted":
        this.alertsMutedUntil = event.until ?? undefined;
        break;
      case "told":
        this.#tell(event.title, event.body, event.place);
        break;
      case "lock":
        this.#takeLock(event.lock).catch((error) => this.fail(error));
        break;
      case "settings":
        this.#takeSettings(event.settings);
        break;
      case "notice":
        showToast({
          icon: event.level === "error" ? "bad" : event.level === "warning" ? "warn" : "info",
          text: said(event.message),
          bad: event.level === "error",
        });
        break;
      case "show":
        this.show(event.place).catch(tellFailure);
        break;
    }
  }

  /** What a notification would say, were the window not in front. */
  #tell(title: string, body: string, place: Place): void {
    const [line = ""] = body.split("\n");
    showToast({
      icon: place.place === "session" ? "chat" : "bell",
      text: line === "" ? title : `${title}: ${line}`,
      action: {
        label: t(place.place === "chart" ? "told.chart" : "told.open"),
        run: () => void this.show(place).catch(tellFailure),
      },
    });
  }

  #takeSettings(next: Settings): void {
    const before = settings.now;
    settings.take(next);
    const now = settings.now;
    if (now.language !== before.language) void settings.speak(now.language);
    if (now.prices && !before.prices) {
      void market.load();
      void alerts.load();
    }
  }
}

export const app = new App();

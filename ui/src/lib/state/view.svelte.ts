import { MediaQuery } from "svelte/reactivity";
import type { RuleForm } from "../bindings";

export type Tab = "market" | "alerts" | "details";
export type Column = "sessions" | "conversation";
export type Section =
  | "account"
  | "appearance"
  | "chat"
  | "market"
  | "alerts"
  | "shortcuts"
  | "storage"
  | "privacy"
  | "advanced";

export type Overlay =
  | { kind: "palette"; query: string }
  | { kind: "alert"; id: string | undefined; form: Partial<RuleForm> }
  | { kind: "snooze"; id: string; sentence: string }
  | { kind: "new-session" }
  | { kind: "join" }
  | { kind: "invite"; session: string }
  | { kind: "rename"; session: string; title: string }
  | { kind: "confirm"; title: string; text: string; action: string; run: () => void }
  | { kind: "outbox" }
  | { kind: "shortcuts" }
  | { kind: "date"; session: string }
  | { kind: "sign-in" }
  | { kind: "password"; recovery: boolean }
  | { kind: "passphrase"; what: "set" | "change" | "remove" }
  | { kind: "own-name"; name: string }
  | { kind: "add-factor"; onadded: () => void };

/** A page over the whole window: the settings, or adding a project. One is left for the other. */
type Page = Section | "adding";

/** Where the user is looking. */
class View {
  tab = $state<Tab>("market");
  /** The side panel: a column from 1080 px up, a drawer below. */
  panel = $state(true);
  drawer = $state(false);
  /** What the single column shows, below 720 px. */
  column = $state<Column>("conversation");
  overlay = $state<Overlay | undefined>();
  /** The query of the result page, when it is shown. */
  results = $state<string | undefined>();
  /** The diagnostics are to be brought into view, once they are there. */
  diagnosing = $state(false);
  /** A setting that is to be brought into view, by its name. */
  sought = $state<string | undefined>();
  #page = $state<Page | undefined>();

  readonly #narrow = new MediaQuery("max-width: 1079px");
  readonly #single = new MediaQuery("max-width: 719px");

  get narrow(): boolean {
    return this.#narrow.current;
  }

  get single(): boolean {
    return this.#single.current;
  }

  get panelShown(): boolean {
    return this.narrow ? this.drawer : this.panel;
  }

  /** The section of the settings that is shown. */
  get settings(): Section | undefined {
    return this.#page === "adding" ? undefined : this.#page;
  }

  set settings(section: Section | undefined) {
    this.diagnosing = false;
    if (section !== undefined || this.#page !== "adding") this.#page = section;
  }

  /** A setting where it stands, by its name. */
  showSetting(section: Section, name: string): void {
    this.settings = section;
    this.sought = name;
  }

  /** Adding a project, over a workspace that is open. */
  get adding(): boolean {
    return this.#page === "adding";
  }

  set adding(adding: boolean) {
    if (adding) this.#page = "adding";
    else if (this.adding) this.#page = undefined;
  }

  /** Back to the conversation and what stands beside it: whatever is shown there is seen. */
  leavePage(): void {
    this.#page = undefined;
  }

  /** The conversation, or the hits of a search in its place. */
  showMain(results?: string): void {
    this.leavePage();
    this.results = results;
    this.column = "conversation";
  }

  /** What the connection is doing, in the settings. */
  showDiagnostics(): void {
    this.overlay = undefined;
    this.settings = "advanced";
    this.diagnosing = true;
  }

  showTab(tab: Tab): void {
    this.leavePage();
    this.tab = tab;
    this.drawer = true;
    this.panel = true;
  }

  togglePanel(): void {
    if (this.#page !== undefined) this.showTab(this.tab);
    else if (this.narrow) this.drawer = !this.drawer;
    else this.panel = !this.panel;
  }

  newAlert(symbol?: string): void {
    this.overlay = { kind: "alert", id: undefined, form: symbol === undefined ? {} : { symbol } };
  }
}

export const view = new View();

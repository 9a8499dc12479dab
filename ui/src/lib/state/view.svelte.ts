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
  | { kind: "new-session" }
  | { kind: "join" }
  | { kind: "invite"; session: string }
  | { kind: "rename"; session: string; title: string }
  | { kind: "confirm"; title: string; text: string; action: string; run: () => void }
  | { kind: "outbox" }
  | { kind: "date"; session: string }
  | { kind: "sign-in" }
  | { kind: "password"; recovery: boolean }
  | { kind: "passphrase"; what: "set" | "change" | "remove" }
  | { kind: "own-name"; name: string }
  | { kind: "add-factor"; onadded: () => void };

/** Where the user is looking. */
class View {
  tab = $state<Tab>("market");
  /** The side panel: a column from 1080 px up, a drawer below. */
  panel = $state(true);
  drawer = $state(false);
  /** What the single column shows, below 720 px. */
  column = $state<Column>("conversation");
  overlay = $state<Overlay | undefined>();
  settings = $state<Section | undefined>();
  /** The query of the result page, when it is shown. */
  results = $state<string | undefined>();
  /** Adding a project, over a workspace that is open. */
  adding = $state(false);

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

  showTab(tab: Tab): void {
    this.tab = tab;
    this.drawer = true;
    this.panel = true;
  }

  togglePanel(): void {
    if (this.narrow) this.drawer = !this.drawer;
    else this.panel = !this.panel;
  }

  newAlert(symbol?: string): void {
    this.overlay = { kind: "alert", id: undefined, form: symbol === undefined ? {} : { symbol } };
  }
}

export const view = new View();

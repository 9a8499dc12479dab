import { fireEvent, screen } from "@testing-library/svelte";
import { tick } from "svelte";
import { expect } from "vitest";
import type { SessionRow, WorkspaceInfo } from "../src/lib/bindings";
import { app } from "../src/lib/state/app.svelte";
import { conversation } from "../src/lib/state/conversation.svelte";
import { drafts } from "../src/lib/state/drafts";
import { useBackend } from "../src/lib/state/engine.svelte";
import { market } from "../src/lib/state/market.svelte";
import { sessions } from "../src/lib/state/sessions.svelte";
import { settings as held } from "../src/lib/state/settings.svelte";
import { view } from "../src/lib/state/view.svelte";
import { clearToasts } from "../src/lib/ui/toast.svelte";
import { HandBackend, opened, session, settings } from "./fixtures";
import { quote } from "./openchart";

export const project: WorkspaceInfo = {
  id: "w",
  name: "Lab",
  local: false,
  url: "https://lab.example",
  email: "alice@example.com",
};

export let backend: HandBackend;

export async function open(more: Partial<SessionRow> = {}, id = "s"): Promise<void> {
  const row = session(id, { title: "Plans", role: "owner", ...more });
  sessions.apply([row], []);
  const opening = conversation.open(id);
  (await backend.next("open_session")).answer({ ...opened(id), session: row });
  await opening;
}

export function field(): HTMLTextAreaElement {
  return screen.getByTestId("composer");
}

export async function write(text: string): Promise<void> {
  await fireEvent.input(field(), { target: { value: text } });
}

export async function press(key: string, more: KeyboardEventInit = {}): Promise<boolean> {
  const left = await fireEvent.keyDown(field(), { key, ...more });
  await tick();
  return !left;
}

export function names(): (string | undefined)[] {
  return screen.queryAllByTestId("slash-option").map((option) => option.dataset.value);
}

export function chosen(): string | undefined {
  const id = field().getAttribute("aria-activedescendant");
  const option = id === null ? null : document.getElementById(id);
  expect(option?.getAttribute("aria-selected") ?? "true").toBe("true");
  return option?.dataset.value;
}

/** What the engine was asked but for the newest symbols and the draft. */
export function asked(): string[] {
  const beside = ["symbols", "set_draft", "open_session", "close_session", "typing"];
  return backend.names().filter((name) => !beside.includes(name));
}

/** A project that is live, with two symbols on the watch-list, and nothing open. */
export function beginAnew(): void {
  conversation.reset();
  drafts.clear();
  sessions.clear();
  market.clear();
  market.apply([quote("67893.40"), { ...quote("3512.08"), symbol: "ETH", name: "Ethereum" }]);
  market.order = ["BTC", "ETH"];
  backend = new HandBackend();
  useBackend(backend);
  held.begin(settings);
  app.connection = { state: "live" };
  app.workspaces = [project];
  app.active = "w";
  app.shares = true;
  app.presence = "online";
  app.signIn = {
    state: "signed_in",
    account: { user_id: "alice", email: "alice@example.com", name: "Alice" },
  };
  view.overlay = undefined;
  view.results = undefined;
  view.settings = undefined;
  clearToasts();
}

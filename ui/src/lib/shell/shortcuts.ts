import { tick } from "svelte";
import { app } from "../state/app.svelte";
import { conversation } from "../state/conversation.svelte";
import { tellFailure } from "../state/engine.svelte";
import { lock } from "../state/lock.svelte";
import { market } from "../state/market.svelte";
import { sessions } from "../state/sessions.svelte";
import { view } from "../state/view.svelte";
import { enter } from "../ui/focus";
import { isMod, matches } from "../ui/keys";
import { menu } from "../ui/menu.svelte";
import { canZoom, zoom, zoomStep } from "./zoom";

/** In the order in which F6 goes to those that are there; the settings have two of their own. */
const REGIONS = [
  "sidebar",
  "messages",
  "composer",
  "panel",
  "status",
  "sections",
  "section",
  "toast",
] as const;

/** The keys that work anywhere in the window. */
export function shortcuts(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing) return;
  if (app.phase.phase !== "ready") return;
  const step = canZoom() ? zoomStep(event) : undefined;
  if (step !== undefined) {
    event.preventDefault();
    zoom(step);
    return;
  }
  if (app.active === undefined) return;
  const action = find(event);
  if (!action) {
    if (writes(event)) focusRegion("composer");
    return;
  }
  event.preventDefault();
  action();
}

/** A character typed while nothing has the focus belongs in the composer. */
function writes(event: KeyboardEvent): boolean {
  if (document.activeElement !== document.body || menu.current) return false;
  if (view.overlay !== undefined || view.settings !== undefined) return false;
  return event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey;
}

function find(event: KeyboardEvent): (() => void) | undefined {
  if (event.key === "Escape") return closeTopmost();
  if (lock.canLock && matches(event, "Mod+L")) return () => void lock.now();
  if (matches(event, "Mod+K")) return () => openPalette("");
  if (view.overlay !== undefined) return undefined;
  if (matches(event, "Mod+Shift+F")) return () => searchEverywhere();
  if (matches(event, "Mod+,")) return () => (view.settings = view.settings ?? "appearance");
  if (opensSheet(event)) return () => (view.overlay = { kind: "shortcuts" });
  if (event.key === "F6") return () => nextRegion(event.shiftKey ? -1 : 1);
  if (view.settings !== undefined) return undefined;
  if (matches(event, "Mod+F") && conversation.id !== undefined) return () => findInSession();
  if (matches(event, "Mod+N")) return () => (view.overlay = { kind: "new-session" });
  if (matches(event, "Mod+Shift+A")) return () => view.newAlert(market.open);
  if (matches(event, "Mod+.")) return () => view.togglePanel();
  if (matches(event, "Mod+Shift+M")) return () => view.showTab("market");
  if (matches(event, "Mod+Shift+L")) return () => view.showTab("alerts");
  if (matches(event, "Mod+Shift+D")) return () => view.showTab("details");
  for (const [keys, step] of [
    ["Alt+Up", -1],
    ["Alt+Down", 1],
  ] as const) {
    if (matches(event, keys)) return () => stepSession(step, false);
    if (matches(event, `${keys.replace("+", "+Shift+")}`)) return () => stepSession(step, true);
  }
  const place = /^[1-9]$/.test(event.key) && matches(event, `Mod+${event.key}`);
  if (place) return () => openPlace(Number(event.key) - 1);
  return undefined;
}

/** On many keyboards the sign is reached with Shift. */
function opensSheet(event: KeyboardEvent): boolean {
  return isMod(event) && !event.altKey && (event.key === "/" || event.key === "?");
}

export function openPalette(query: string): void {
  view.overlay = { kind: "palette", query };
}

/** Opens the page that searches all sessions, or goes back to its field. */
export function searchEverywhere(): void {
  view.showMain(view.results ?? "");
  void tick().then(() => {
    const field = document.querySelector<HTMLInputElement>("#search-everywhere");
    field?.focus();
    field?.select();
  });
}

/** Opens the bar to find something in the session, or goes back to it. */
export function findInSession(sought = conversation.sought): void {
  view.showMain();
  conversation.finding = true;
  conversation.sought = sought;
  void tick().then(() => {
    const field = document.querySelector<HTMLInputElement>("#find");
    field?.focus();
    field?.select();
  });
}

/** Closes the topmost; then the composer has the focus. */
function closeTopmost(): (() => void) | undefined {
  if (menu.current || view.overlay !== undefined) return undefined;
  if (view.settings !== undefined) return () => (view.settings = undefined);
  if (view.narrow && view.drawer) return () => (view.drawer = false);
  if (view.adding) return () => (view.adding = false);
  if (view.results !== undefined) {
    return () => {
      view.results = undefined;
      void tick().then(() => focusRegion("composer"));
    };
  }
  return () => {
    if (conversation.finding) conversation.stopFinding();
    focusRegion("composer");
  };
}

function stepSession(step: 1 | -1, unread: boolean): void {
  const list = sessions.ordered;
  const at = list.findIndex((row) => row.id === conversation.id);
  for (let next = at + step; next >= 0 && next < list.length; next += step) {
    const row = list[next];
    if (row && (!unread || row.unread > 0)) {
      app.openSession(row.id).catch(tellFailure);
      return;
    }
  }
}

function openPlace(place: number): void {
  const row = sessions.ordered[place];
  if (row) app.openSession(row.id).catch(tellFailure);
}

function nextRegion(step: 1 | -1): void {
  const now = document.activeElement?.closest<HTMLElement>("[data-region]")?.dataset.region;
  const found = (REGIONS as readonly (string | undefined)[]).indexOf(now);
  // From outside of all, backwards begins at the last.
  const at = found < 0 && step < 0 ? 0 : found;
  for (let turn = 1; turn <= REGIONS.length; turn += 1) {
    const place = (at + step * turn + REGIONS.length * 2) % REGIONS.length;
    if (focusRegion(REGIONS[place] ?? "composer")) return;
  }
}

function focusRegion(region: string): boolean {
  const root = document.querySelector<HTMLElement>(`[data-region="${region}"]`);
  if (!root) return false;
  enter(root);
  return true;
}

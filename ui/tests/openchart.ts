import { fireEvent, render, screen } from "@testing-library/svelte";
import { tick } from "svelte";
import { vi } from "vitest";
import type {
  ConditionForm,
  FiringRow,
  ListFirings,
  PriceHistory,
  QuoteRow,
  RuleForm,
  RuleRow,
  SaveRule,
} from "../src/lib/bindings";
// Read ahead of the tests: what is fetched when a chart is opened takes long on a busy machine.
import "../src/lib/panel/chart/Chart.svelte";
import "../src/lib/panel/chart/PriceTable.svelte";
import MarketTab from "../src/lib/panel/MarketTab.svelte";
import { alerts } from "../src/lib/state/alerts.svelte";
import { useBackend } from "../src/lib/state/engine.svelte";
import { market } from "../src/lib/state/market.svelte";
import { view } from "../src/lib/state/view.svelte";
import { layPaper } from "./canvas";
import { HandBackend } from "./fixtures";

export const HOUR = 3_600_000;
export const NOW = Date.UTC(2026, 9, 16, 14, 0);

export let backend: HandBackend;
export let paper: ReturnType<typeof layPaper>;

export function quote(price: string, time = NOW): QuoteRow {
  return {
    symbol: "BTC",
    name: "Bitcoin",
    price,
    change_24h: null,
    change_percentage_24h: "1.2",
    market_cap: null,
    volume_24h: "28600000000",
    time,
    stale: false,
    watched: true,
    spark: [],
  };
}

/** A day of prices from 67,000 to 67,960, with an hour in which nobody listened. */
export function history(more: Partial<PriceHistory> = {}): PriceHistory {
  const from = NOW - 24 * HOUR;
  const gap = { from: from + 10 * HOUR, to: from + 11 * HOUR };
  const points = Array.from({ length: 97 }, (_, at) => ({
    time: from + at * (HOUR / 4),
    price: `${67_000 + at * 10}.50`,
    volume: "28000000000",
  })).filter(({ time }) => time <= gap.from || time >= gap.to);
  return {
    symbol: "BTC",
    points,
    low: "67000.50",
    high: "67960.50",
    gaps: [gap],
    from,
    to: NOW,
    kept_from: from - HOUR,
    ...more,
  };
}

export function rule(id: string, condition: ConditionForm, more: Partial<RuleRow> = {}): RuleRow {
  const form: RuleForm = {
    symbol: "BTC",
    condition,
    repeat: "every",
    cooldown_s: 300,
    expires_at: null,
    tags: ["swing"],
    message: null,
  };
  return {
    id,
    form,
    sentence: `Rule ${id}`,
    enabled: true,
    off_since: null,
    done: false,
    expired: false,
    paused: null,
    snoozed_until: null,
    muted: false,
    last_fired: null,
    distance_percent: null,
    waits_for: { below: null, above: null },
    ...more,
  };
}

export const above = (price: string): ConditionForm => ({
  kind: "above",
  price,
  rearm_percent: "0.1",
});

export function firing(id: string, time: number, more: Partial<FiringRow> = {}): FiringRow {
  const title = `Firing ${id}`;
  return {
    id,
    rule: "r",
    symbol: "BTC",
    title,
    condition: null,
    unknown: null,
    message: null,
    price: "67400.50",
    time,
    fired_at: time,
    away: false,
    mark: "notified",
    ...more,
  };
}

/** The open chart, drawn. */
export async function open(
  rules: RuleRow[],
  firings: FiringRow[] = [],
  of = history(),
): Promise<void> {
  alerts.rules = rules;
  market.apply([quote("67960.50")]);
  market.open = "BTC";
  render(MarketTab);
  (await backend.next("price_history")).answer(of);
  const past = await backend.next("firings");
  if ((past.args as ListFirings).symbol !== "BTC") throw new Error("the firings of another symbol");
  past.answer(firings);
  await screen.findByTestId("chart");
  await tick();
}

export const lineAt = (index: number) => screen.getAllByTestId("chart-line")[index] as HTMLElement;
export const top = (element: HTMLElement) => Number.parseFloat(element.style.top);

/** Takes the next rule that is saved; the engine answers it as changed. */
export async function saved(): Promise<RuleForm> {
  const asked = await backend.next("save_rule");
  const { id, form } = asked.args as SaveRule;
  const known = alerts.rules.find((row) => row.id === id) as RuleRow;
  asked.answer({ ...known, form, sentence: "Crosses above another price" });
  return form;
}

export const down = (element: HTMLElement, y: number) =>
  fireEvent.pointerDown(element, { button: 0, pointerId: 1, clientX: 100, clientY: y });
export const drag = (element: HTMLElement, y: number) =>
  fireEvent.pointerMove(element, { pointerId: 1, clientX: 100, clientY: y });
export const up = (element: HTMLElement) => fireEvent.pointerUp(element, { pointerId: 1 });

/** Everything as it is before a chart was opened. */
export function begin(): void {
  backend = new HandBackend();
  useBackend(backend);
  paper = layPaper();
  market.clear();
  market.setInTouch(true);
  market.range = "1d";
  alerts.clear();
  view.overlay = undefined;
}

export function end(): void {
  vi.useRealTimers();
  paper.restore();
}

/** Alerts and what they did, made up. */

import type { FiringRow, NotificationPreview, RuleRow } from "../src/lib/bindings";
import { at } from "./data";

function rule(id: string, symbol: string, sentence: string, more: Partial<RuleRow>): RuleRow {
  return {
    id,
    form: {
      symbol,
      condition: { kind: "above", price: "70000", rearm_percent: "0.1" },
      repeat: "every",
      cooldown_s: 300,
      expires_at: null,
      tags: [],
      message: null,
    },
    sentence,
    enabled: true,
    off_since: null,
    done: false,
    expired: false,
    last_fired: null,
    distance_percent: null,
    paused: null,
    snoozed_until: null,
    muted: false,
    waits_for: { below: null, above: null },
    ...more,
  };
}

const form = (symbol: string, condition: RuleRow["form"]["condition"]): RuleRow["form"] => ({
  symbol,
  condition,
  repeat: "every",
  cooldown_s: 300,
  expires_at: null,
  tags: [],
  message: null,
});

export const rules: RuleRow[] = [
  rule("r1", "BTC", "Crosses above 70,000", { last_fired: at(16, 20, 2) }),
  rule("r2", "BTC", "Crosses below 66,500", {
    form: form("BTC", { kind: "below", price: "66500", rearm_percent: "0.1" }),
  }),
  rule("r3", "BTC", "Moves 2 % within 15 min", {
    form: form("BTC", { kind: "moves", percent: "2", window_s: 900, direction: "either" }),
  }),
  rule("r10", "BTC", "Falls 1.8 % from its high", {
    form: form("BTC", { kind: "trailing", side: "falls", percent: "1.8" }),
    waits_for: { below: "67104.50", above: null },
  }),
  rule("r4", "SOL", "Crosses above 150", {
    form: {
      ...form("SOL", { kind: "above", price: "150", rearm_percent: "0.1" }),
      repeat: "once",
      tags: ["swing"],
    },
  }),
  rule("r7", "SOL", "Falls 5 % from its high", {
    form: { ...form("SOL", { kind: "trailing", side: "falls", percent: "5" }), tags: ["swing"] },
    waits_for: { below: "144.10", above: null },
  }),
  rule("r8", "SOL", "Crosses 147 either way", {
    form: form("SOL", { kind: "crosses", price: "147", rearm_percent: "0" }),
    paused: { at: at(9, 20), reason: "Paused after 15 alerts within 3 min" },
  }),
  rule("r9", "USDC", "No price for 5 min", {
    muted: true,
    snoozed_until: at(15, 0),
    form: form("USDC", { kind: "stale", after_s: 300 }),
  }),
  rule("r5", "SOL", "24 h change below −5 %", {
    enabled: false,
    off_since: at(9, 14, 14),
    form: form("SOL", { kind: "change_24h", side: "below", percent: "-5", rearm_points: "0.25" }),
  }),
  rule("r6", "USDC", "Leaves 0.995 – 1.005", {
    last_fired: at(8, 52),
    form: form("USDC", { kind: "leaves_range", low: "0.995", high: "1.005", rearm_percent: "0.1" }),
  }),
];

const firings: FiringRow[] = [
  firing("f1", "SOL", "SOL crossed above 148", at(12, 47), "suppressed"),
  firing("f2", "SOL", "SOL crossed above 148", at(12, 44), "notified"),
  firing("f3", "SOL", "SOL crossed above 147", at(9, 20), "away"),
  firing("f4", "BTC", "BTC moved +2.1 %", at(11, 5), "notified", "67790.00"),
  firing("f5", "BTC", "BTC moved −2.0 %", at(5, 31), "away", "67120.00"),
  firing("f6", "BTC", "BTC crossed below 67,000", at(17, 12, 1), "notified", "66998.10"),
  {
    ...firing("f7", "BTC", "BTC crossed below 67,000", at(17, 2, 1), "away", "66990.00"),
    condition: "Crosses below 67,000",
    fired_at: at(18, 40, 1),
    unknown: { from: at(14, 30, 1), to: at(17, 2, 1) },
  },
];

/** The history in the engine's other language. */
export function firingsIn(engine: (text: string) => string): FiringRow[] {
  return firings.map((each) => ({
    ...each,
    title: engine(each.title),
    condition: each.condition && engine(each.condition),
  }));
}

function firing(
  id: string,
  symbol: string,
  title: string,
  time: number,
  mark: FiringRow["mark"],
  price = "148.02",
): FiringRow {
  return {
    id,
    rule: "r1",
    symbol,
    title,
    condition: null,
    unknown: null,
    message: null,
    price,
    time,
    fired_at: time,
    away: mark === "away",
    mark,
  };
}

const VALUES = {
  symbol: "BTC",
  price: "70,000.00",
  threshold: "70,000",
  condition: "Crosses above 70,000",
  move: "–",
  change24h: "▲ +1.24 %",
  volume: "28,600,000,000",
  market_cap: "–",
  time: "14:02",
  tags: "",
  details: "70,000.00, ▲ +1.24 % in 24 hours",
} as const;

/** What a notification would say, in the engine's words. */
export function notification(
  message: string | null,
  engine: (text: string) => string,
): NotificationPreview {
  const values = Object.entries(VALUES).map(([placeholder, text]) => ({
    placeholder: placeholder as keyof typeof VALUES,
    text: engine(text),
  }));
  const body = (message ?? "{details}").replace(/\{(\w+)\}/g, (written, name) =>
    engine(VALUES[name as keyof typeof VALUES] ?? written),
  );
  return { title: engine("BTC crossed above 70,000"), body, values };
}

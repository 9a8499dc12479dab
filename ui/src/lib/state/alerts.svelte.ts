import type { FiringRow, QuoteRow, RuleForm, RuleRow, RuleWaits, Snooze } from "../bindings";
import { compare, type Decimal, parseDecimal, percentBetween } from "../format/decimal";
import { call, tellFailure, tryCall } from "./engine.svelte";
import { market } from "./market.svelte";
import { Overtaken } from "./overtaken";

/** Firings that are read at once. */
const HISTORY = 100;
/** The most that the engine tells at once. */
const LONG_HISTORY = 500;

class Alerts {
  rules = $state.raw<readonly RuleRow[]>([]);
  firings = $state.raw<readonly FiringRow[]>([]);
  /** There are firings older than the last one that is known here. */
  more = $state(false);
  loaded = $state(false);
  /** Firings of the symbol whose chart was opened last. */
  #past = $state.raw<Past | undefined>();
  /** The symbol that was asked for last: a chart that was opened before it is of no interest. */
  #charted: string | undefined;
  readonly #told = new Overtaken<FiringRow>();

  /** Only rules with this tag are listed. */
  tag = $state<string | undefined>();

  /** All tags, each once, by name. */
  readonly tags = $derived(
    [...new Set(this.rules.flatMap((rule) => rule.form.tags))].sort((a, b) => a.localeCompare(b)),
  );
  readonly listed = $derived(
    this.tag !== undefined && this.tags.includes(this.tag)
      ? this.rules.filter((rule) => rule.form.tags.includes(this.tag as string))
      : this.rules,
  );
  readonly bySymbol = $derived(groupBySymbol(this.listed));
  /** Armed rules with a line, nearest first. */
  readonly nearest = $derived(
    this.rules
      .filter(isArmed)
      .flatMap((rule) => {
        const distance = distanceOf(rule, market.quotes.get(rule.form.symbol));
        return distance ? [{ rule, distance }] : [];
      })
      .sort((a, b) => compare(size(a.distance), size(b.distance))),
  );

  async load(): Promise<void> {
    try {
      const [rules, [firings, since]] = await Promise.all([
        call("rules", {}),
        this.#told.reply(call("firings", { limit: HISTORY, symbol: null, before: null })),
      ]);
      this.rules = rules;
      this.firings = since.reduce(withFiring, firings);
      this.more = firings.length === HISTORY;
      this.loaded = true;
    } catch (thrown) {
      tellFailure(thrown);
    }
    if (market.open !== undefined) await this.loadPast(market.open);
  }

  /** Reads the firings before the last one that is known here. */
  async older(): Promise<void> {
    const last = this.firings.at(-1);
    if (!last) return;
    const older = await tryCall("firings", { limit: HISTORY, symbol: null, before: last.id });
    // Another workspace, or a reading of them all, came between.
    if (!older || this.firings.at(-1)?.id !== last.id) return;
    this.firings = [...this.firings, ...older];
    this.more = older.length === HISTORY;
  }

  /** Reads the firings of a symbol, for its chart. */
  async loadPast(symbol: string): Promise<void> {
    this.#charted = symbol;
    const asked = tryCall("firings", { limit: LONG_HISTORY, symbol, before: null });
    const [firings, since] = await this.#told.reply(asked);
    if (!firings || this.#charted !== symbol) return;
    const newer = since.filter((firing) => firing.symbol === symbol);
    this.#past = { symbol, firings: newer.reduce(withFiring, firings) };
  }

  /** The firings of a symbol, newest first: as far as they are known. */
  pastOf(symbol: string): readonly FiringRow[] {
    return this.#past?.symbol === symbol
      ? this.#past.firings
      : this.firings.filter((firing) => firing.symbol === symbol);
  }

  async loadRules(): Promise<void> {
    const rules = await tryCall("rules", {});
    if (rules) this.rules = rules;
  }

  fired(firing: FiringRow): void {
    this.#told.note(firing);
    this.firings = withFiring(this.firings, firing);
    if (this.#past?.symbol === firing.symbol) {
      this.#past = { ...this.#past, firings: withFiring(this.#past.firings, firing) };
    }
  }

  /** Rules that follow the price wait for other prices now. */
  follow(moved: readonly RuleWaits[]): void {
    const waits = new Map(moved.map(({ id, waits_for }) => [id, waits_for]));
    this.rules = this.rules.map((rule) => {
      const waits_for = waits.get(rule.id);
      return waits_for ? { ...rule, waits_for } : rule;
    });
  }

  /** Saves a rule in another form. Throws what the engine refuses, and then nothing has changed. */
  async change(id: string, form: RuleForm): Promise<RuleRow> {
    const row = await call("save_rule", { id, form });
    this.#take(row);
    return row;
  }

  async enable(id: string, enabled: boolean): Promise<void> {
    this.#take(await tryCall("enable_rule", { id, enabled }));
  }

  async snooze(id: string, snooze: Snooze): Promise<void> {
    this.#take(await tryCall("snooze_rule", { id, snooze }));
  }

  async mute(id: string, muted: boolean): Promise<void> {
    this.#take(await tryCall("mute_rule", { id, muted }));
  }

  #take(row: RuleRow | undefined): void {
    if (row) this.rules = this.rules.map((rule) => (rule.id === row.id ? row : rule));
  }

  async remove(id: string): Promise<void> {
    if (await tryCall("delete_rule", { id })) {
      this.rules = this.rules.filter((rule) => rule.id !== id);
    }
  }

  clear(): void {
    this.rules = [];
    this.tag = undefined;
    this.firings = [];
    this.more = false;
    this.#past = undefined;
    this.#charted = undefined;
    this.loaded = false;
  }
}

interface Past {
  symbol: string;
  firings: readonly FiringRow[];
}

/** Firings, newest first, with one that is new or has changed. */
function withFiring(firings: readonly FiringRow[], firing: FiringRow): readonly FiringRow[] {
  return firings.some(({ id }) => id === firing.id)
    ? firings.map((each) => (each.id === firing.id ? firing : each))
    : [firing, ...firings];
}

export function isArmed(rule: RuleRow): boolean {
  return rule.enabled && !rule.done && !rule.expired && rule.paused === null;
}

/**
 * How far the price is from a rule's line, or from the nearer of those that it waits for now, in
 * percent of the price: by the newest quote where these are known, else as the engine last said.
 */
export function distanceOf(rule: RuleRow, quote: QuoteRow | undefined): Decimal | undefined {
  const { condition } = rule.form;
  const { below, above } = rule.waits_for;
  const lines = "price" in condition ? [condition.price] : [below, above];
  const from = parseDecimal(quote?.price ?? "");
  const known = lines.flatMap((line) => {
    const to = parseDecimal(line ?? "");
    const distance = from && to && percentBetween(from, to, 1);
    return distance ? [distance] : [];
  });
  const [nearest] = known.sort((a, b) => compare(size(a), size(b)));
  if (nearest) return nearest;
  return rule.distance_percent === null ? undefined : parseDecimal(rule.distance_percent);
}

function groupBySymbol(rules: readonly RuleRow[]): { symbol: string; rules: RuleRow[] }[] {
  const groups = new Map<string, RuleRow[]>();
  for (const rule of rules) {
    const group = groups.get(rule.form.symbol);
    if (group) group.push(rule);
    else groups.set(rule.form.symbol, [rule]);
  }
  return [...groups].map(([symbol, of]) => ({ symbol, rules: of }));
}

function size(value: Decimal): Decimal {
  return value.digits < 0n ? { ...value, digits: -value.digits } : value;
}

export const alerts = new Alerts();

import type { FiringRow, QuoteRow, RuleRow } from "../bindings";
import { compare, type Decimal, parseDecimal, percentBetween } from "../format/decimal";
import { call, tellFailure, tryCall } from "./engine.svelte";
import { market } from "./market.svelte";

const HISTORY = 100;

class Alerts {
  rules = $state.raw<readonly RuleRow[]>([]);
  firings = $state.raw<readonly FiringRow[]>([]);
  loaded = $state(false);

  readonly bySymbol = $derived(groupBySymbol(this.rules));
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
      const [rules, firings] = await Promise.all([
        call("rules", {}),
        call("firings", { limit: HISTORY }),
      ]);
      this.rules = rules;
      this.firings = firings;
      this.loaded = true;
    } catch (thrown) {
      tellFailure(thrown);
    }
  }

  async loadRules(): Promise<void> {
    const rules = await tryCall("rules", {});
    if (rules) this.rules = rules;
  }

  fired(firing: FiringRow): void {
    this.firings = [firing, ...this.firings.filter((row) => row.id !== firing.id)];
  }

  async enable(id: string, enabled: boolean): Promise<void> {
    const row = await tryCall("enable_rule", { id, enabled });
    if (row) this.rules = this.rules.map((rule) => (rule.id === row.id ? row : rule));
  }

  async remove(id: string): Promise<void> {
    if (await tryCall("delete_rule", { id })) {
      this.rules = this.rules.filter((rule) => rule.id !== id);
    }
  }

  clear(): void {
    this.rules = [];
    this.firings = [];
    this.loaded = false;
  }
}

export function isArmed(rule: RuleRow): boolean {
  return rule.enabled && !rule.done && !rule.expired;
}

/**
 * How far the price is from a rule's line, in percent of the price: by the newest quote where the
 * rule is one price, else as the engine last said.
 */
export function distanceOf(rule: RuleRow, quote: QuoteRow | undefined): Decimal | undefined {
  const { condition } = rule.form;
  if ("price" in condition && quote?.price) {
    const from = parseDecimal(quote.price);
    const to = parseDecimal(condition.price);
    if (from && to) return percentBetween(from, to, 1);
  }
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

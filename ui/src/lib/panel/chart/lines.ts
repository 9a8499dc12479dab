import type { ConditionForm, RuleForm, RuleRow } from "../../bindings";
import { compare, type Decimal, parseDecimal } from "../../format/decimal";
import { isArmed } from "../../state/alerts.svelte";

export type Edge = "price" | "low" | "high";

/** Where in a rule's form a price stands. */
export interface Place {
  /** Which of two conditions; undefined where there is one. */
  readonly part: number | undefined;
  readonly edge: Edge;
}

/** A price that an armed rule waits for. */
export interface Line {
  readonly key: string;
  readonly rule: RuleRow;
  /** The price exactly as it stands in the rule. */
  readonly text: string;
  readonly value: Decimal;
  /** Undefined where the rule works the price out itself: such a line cannot be moved. */
  readonly place: Place | undefined;
}

/** The lines of a symbol's armed rules, highest first. */
export function linesOf(rules: readonly RuleRow[], symbol: string): Line[] {
  return rules
    .filter((rule) => rule.form.symbol === symbol && isArmed(rule))
    .flatMap((rule) => [...written(rule), ...workedOut(rule)])
    .sort((a, b) => compare(b.value, a.value) || (a.key < b.key ? -1 : 1));
}

/** The form with another price in a place; undefined when the rule has no such place any more. */
export function withPrice(form: RuleForm, place: Place, text: string): RuleForm | undefined {
  const { condition } = form;
  if (place.part === undefined) {
    const changed = moved(condition, place.edge, text);
    return changed && { ...form, condition: changed };
  }
  if (condition.kind !== "all") return undefined;
  const part = condition.conditions[place.part];
  const changed = part && moved(part, place.edge, text);
  if (!changed) return undefined;
  const conditions = condition.conditions.map((each, at) => (at === place.part ? changed : each));
  return { ...form, condition: { kind: "all", conditions } };
}

function moved(condition: ConditionForm, edge: Edge, text: string): ConditionForm | undefined {
  return edge in condition ? ({ ...condition, [edge]: text } as ConditionForm) : undefined;
}

function written(rule: RuleRow): Line[] {
  const { condition } = rule.form;
  return condition.kind === "all"
    ? condition.conditions.flatMap((each, part) => standing(rule, each, part))
    : standing(rule, condition, undefined);
}

function standing(rule: RuleRow, condition: ConditionForm, part: number | undefined): Line[] {
  const prices: [Edge, string][] =
    "price" in condition
      ? [["price", condition.price]]
      : "low" in condition
        ? [
            ["high", condition.high],
            ["low", condition.low],
          ]
        : [];
  return prices.flatMap(([edge, text]) => line(rule, `${part ?? ""}${edge}`, text, { part, edge }));
}

function workedOut(rule: RuleRow): Line[] {
  const { below, above } = rule.waits_for;
  return [...line(rule, "above", above, undefined), ...line(rule, "below", below, undefined)];
}

function line(rule: RuleRow, which: string, text: string | null, place: Place | undefined): Line[] {
  const value = parseDecimal(text ?? "");
  return text === null || !value ? [] : [{ key: `${rule.id} ${which}`, rule, text, value, place }];
}

import type { RuleRow } from "../../bindings";
import { compare, type Decimal, toText, trimmed } from "../../format/decimal";
import { t } from "../../i18n";
import { alerts } from "../../state/alerts.svelte";
import { call, tellFailure } from "../../state/engine.svelte";
import { showToast } from "../../ui/toast.svelte";
import { type Line, withPrice } from "./lines";

/** Keys move in steps: what they chose is saved when none came for so long, in milliseconds. */
const RESTS = 1000;

type Move =
  | { state: "still" }
  | { state: "held"; line: Line; by: "pointer" | "keys"; value: Decimal }
  | { state: "saving"; line: Line; value: Decimal };

/** The one line that may be moved at a time. */
export class Mover {
  #move = $state.raw<Move>({ state: "still" });
  #rest: ReturnType<typeof setTimeout> | undefined;

  /** The key of the line that a hand holds. */
  readonly held = $derived(this.#move.state === "held" ? this.#move.line.key : undefined);
  /** A pointer holds a line: the prices under it stay where they are. */
  readonly dragging = $derived(this.#move.state === "held" && this.#move.by === "pointer");

  /** What a line stands at now: exactly what its rule says, unless it was moved. */
  textOf(line: Line): string {
    const move = this.#move;
    return move.state !== "still" && move.line.key === line.key ? toText(move.value) : line.text;
  }

  valueOf(line: Line): Decimal {
    const move = this.#move;
    return move.state !== "still" && move.line.key === line.key ? move.value : line.value;
  }

  /** Moves a line. One at a time: another that is still held is saved, and this one stays. */
  to(line: Line, value: Decimal, by: "pointer" | "keys"): void {
    const now = this.#move;
    if (line.place === undefined || now.state === "saving") return;
    if (now.state === "held" && now.line.key !== line.key) {
      void this.release();
      return;
    }
    this.#move = { state: "held", line, by, value: trimmed(value) };
    clearTimeout(this.#rest);
    if (by === "keys") this.#rest = setTimeout(() => void this.release(), RESTS);
  }

  /** Takes the move back. True when there was one. */
  back(): boolean {
    if (this.#move.state !== "held") return false;
    clearTimeout(this.#rest);
    this.#move = { state: "still" };
    return true;
  }

  /** Lets go: saves the rule with the new price. What is refused goes back, and says why. */
  async release(): Promise<void> {
    clearTimeout(this.#rest);
    if (this.#move.state !== "held") return;
    const { line, value } = this.#move;
    const form = compare(value, line.value) === 0 ? undefined : changed(line, toText(value));
    if (!form) {
      this.#move = { state: "still" };
      return;
    }
    this.#move = { state: "saving", line, value };
    try {
      const row = await alerts.change(line.rule.id, form);
      void tellMoved(row, line);
    } catch (thrown) {
      tellFailure(thrown);
    }
    this.#move = { state: "still" };
  }
}

/** The rule as it is by now, with another price in a line's place. */
function changed(line: Line, text: string) {
  const rule = alerts.rules.find(({ id }) => id === line.rule.id);
  const form = rule && line.place && withPrice(rule.form, line.place, text);
  if (!form) showToast({ icon: "info", text: t("chart.changedMeanwhile") });
  return form;
}

/** Says where an alert is now and, where its condition already holds, what that means; offers a way back. */
async function tellMoved(row: RuleRow, from: Line): Promise<void> {
  const preview = await call("preview_rule", { form: row.form }).catch(() => undefined);
  const arming =
    preview?.valid && !preview.armed_at_once && preview.arming !== null ? preview.arming : "";
  const sentence = t("chart.moved", { sentence: row.sentence });
  showToast({
    icon: "bell",
    text: arming === "" ? sentence : `${sentence} ${arming}`,
    action: { label: t("session.undo"), run: () => void putBack(from) },
  });
}

async function putBack(line: Line): Promise<void> {
  const form = changed(line, line.text);
  if (form) await alerts.change(line.rule.id, form).catch(tellFailure);
}

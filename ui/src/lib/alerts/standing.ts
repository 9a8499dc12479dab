import type { RuleRow } from "../bindings";
import { day, dayAndTime } from "../format/time";
import { t } from "../i18n";

/** Why a rule does not wait for anything, and since when; undefined of one that does. */
export function standing(rule: RuleRow, now: number): string | undefined {
  const { off_since, paused, last_fired } = rule;
  if (!rule.enabled) {
    return off_since === null
      ? t("alerts.off")
      : t("alerts.offSince", { when: dayAndTime(off_since, now) });
  }
  if (paused) {
    return t("alerts.pausedSince", { why: paused.reason, when: dayAndTime(paused.at, now) });
  }
  if (rule.expired) {
    const at = rule.form.expires_at;
    return at === null ? t("alerts.expired") : t("alerts.expiredOn", { day: day(at, now) });
  }
  if (rule.done) {
    return last_fired === null
      ? t("alerts.done")
      : t("alerts.doneAt", { when: dayAndTime(last_fired, now) });
  }
  return undefined;
}

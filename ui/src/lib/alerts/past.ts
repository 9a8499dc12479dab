import type { RulePast } from "../bindings";
import { dayAndTime, span } from "../format/time";
import { t } from "../i18n";

/** So many firings in a week are more than somebody reads. */
const MANY = 20;
const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;

/** What a rule would have done in the last seven days, in sentences. */
export function pastSaid(past: RulePast | null, now: number): string {
  if (!past) return t("editor.past.unknown");
  const said = [
    past.short
      ? t("editor.past.short", { count: past.fired, time: span(whole(now - past.since)) })
      : t("editor.past", { count: past.fired }),
  ];
  if (past.last !== null) said.push(t("editor.past.last", { when: dayAndTime(past.last, now) }));
  if (past.fired > MANY) said.push(t("editor.past.many"));
  return said.join(" ");
}

/** A length of time in whole days, or else hours, or else minutes; in seconds, at least a minute. */
function whole(millis: number): number {
  const seconds = millis / 1000;
  const unit = seconds >= DAY ? DAY : seconds >= HOUR ? HOUR : MINUTE;
  return Math.max(1, Math.floor(seconds / unit)) * unit;
}

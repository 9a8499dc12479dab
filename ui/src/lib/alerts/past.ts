import type { RulePreview } from "../bindings";
import { dayAndTime, span } from "../format/time";
import { said, t } from "../i18n";

/** So many firings in a week are more than somebody reads. */
const MANY = 20;
const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;

/** What a rule would have done in the last seven days, or why nobody knows, in sentences. */
export function pastSaid(
  { past, past_unknown }: Pick<RulePreview, "past" | "past_unknown">,
  now: number,
): string {
  if (!past) return said(past_unknown ?? "");
  const sentences = [
    past.short
      ? t("editor.past.short", { count: past.fired, time: span(whole(now - past.since)) })
      : t("editor.past", { count: past.fired }),
  ];
  if (past.last !== null)
    sentences.push(t("editor.past.last", { when: dayAndTime(past.last, now) }));
  if (past.fired > MANY) sentences.push(t("editor.past.many"));
  return sentences.join(" ");
}

/** A length of time in whole days, or else hours, or else minutes; in seconds, at least a minute. */
function whole(millis: number): number {
  const seconds = millis / 1000;
  const unit = seconds >= DAY ? DAY : seconds >= HOUR ? HOUR : MINUTE;
  return Math.max(1, Math.floor(seconds / unit)) * unit;
}

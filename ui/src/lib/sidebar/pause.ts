import { span, timeOfDay } from "../format/time";
import { t } from "../i18n";
import { app } from "../state/app.svelte";
import { type MenuItem, openMenu } from "../ui/menu.svelte";

/** For how many minutes notifications can be paused, beside until the next morning. */
const MINUTES = [30, 60, 240] as const;
const MORNING = 8;

/** What pauses notifications, as an item of the menu at an element, or shows them again. */
export function pauseItem(anchor: HTMLElement): MenuItem {
  const until = app.notificationsPausedUntil;
  if (until !== undefined) {
    return {
      label: t("pause.resume"),
      hint: t("pause.until", { time: timeOfDay(until) }),
      testid: "pause-resume",
      action: () => void app.pauseNotifications(null),
    };
  }
  return {
    label: t("pause.pause"),
    leads: true,
    testid: "pause",
    action: () => openMenu(anchor, t("pause.pause"), choices(new Date())),
  };
}

function choices(now: Date): MenuItem[] {
  const morning = new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1, MORNING);
  const minutes = Math.max(1, Math.round((morning.getTime() - now.getTime()) / 60_000));
  const item = (label: string, value: number): MenuItem => ({
    label,
    testid: "pause-choice",
    value: String(value),
    action: () => void app.pauseNotifications(value),
  });
  return [
    ...MINUTES.map((value) => item(t("pause.for", { span: span(value * 60) }), value)),
    item(t("pause.tomorrow", { time: timeOfDay(morning) }), minutes),
  ];
}

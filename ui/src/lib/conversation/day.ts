import { failure } from "../failure";
import { t } from "../i18n";
import { app } from "../state/app.svelte";
import { call } from "../state/engine.svelte";
import { showToast } from "../ui/toast.svelte";

/** What is wrong with a day to jump to; undefined when nothing is. */
export function dayProblem(day: Date | undefined): string | undefined {
  if (!day) return t("date.unreadable");
  return day.getTime() > Date.now() ? t("date.future") : undefined;
}

/**
 * Shows what a day of a session begins with. Answers why that cannot be; else `found` is called
 * before the session opens.
 */
export async function jumpToDay(
  session: string,
  day: Date,
  found: () => void = () => undefined,
): Promise<string | undefined> {
  try {
    const at = await call("find_date", { session, at: day.getTime() });
    if (at.message === null) return t(at.certain ? "date.none" : "date.missing");
    found();
    await app.openSession(session, at.message);
    if (!at.certain) showToast({ icon: "cloud-off", text: t("date.nearest") });
  } catch (thrown) {
    return failure(thrown);
  }
  return undefined;
}

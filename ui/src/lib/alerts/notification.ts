import { said, t } from "../i18n";
import { tryCall } from "../state/engine.svelte";
import { showToast } from "../ui/toast.svelte";

/** Sends one real notification, and says what became of it. */
export async function sendTestNotification(): Promise<void> {
  const report = await tryCall("test_notification", {});
  if (!report) return;
  showToast(
    report.shown
      ? { icon: "bell", text: t("notification.shown") }
      : {
          icon: "warn",
          text: report.reason === null ? t("notification.notShown") : said(report.reason),
          bad: true,
        },
  );
}

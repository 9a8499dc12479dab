import type { ExportFormat } from "../bindings";
import { t } from "../i18n";
import { tryCall } from "../state/engine.svelte";
import { showToast } from "../ui/toast.svelte";

/** Writes one session, or all that is kept here, into a file, and says where it is. */
export async function exportKept(session: string | null, format: ExportFormat): Promise<void> {
  const file = await tryCall("export", { session, format });
  if (!file) return;
  const said = [t("export.saved", { count: file.messages, path: file.path })];
  if (file.incomplete > 0) said.push(t("export.incomplete", { count: file.incomplete }));
  if (file.unsent > 0) said.push(t("export.unsent", { count: file.unsent }));
  showToast({ icon: "check", text: said.join(" ") });
}

import type { ImportedRules } from "../bindings";
import { t } from "../i18n";
import { inPieces } from "../settings/imports";
import { tryCall } from "../state/engine.svelte";
import { showToast } from "../ui/toast.svelte";

/** Writes all rules into a file, and says where it is. */
export async function exportRules(): Promise<void> {
  const file = await tryCall("export_rules", {});
  if (!file) return;
  const text = t("alerts.exported", { count: file.rules, path: file.path });
  showToast({ icon: "check", text });
}

/** Hands a file of rules over, and says what came of it. A failure is told, too. */
export async function importRules(file: Blob): Promise<ImportedRules | undefined> {
  const reply = await inPieces(file, (piece) => tryCall("import_rules", piece));
  const imported = reply?.imported;
  if (!imported) return undefined;
  const said = [t("alerts.imported", { count: imported.rules })];
  if (imported.known > 0) said.push(t("alerts.imported.known", { count: imported.known }));
  showToast({ icon: "check", text: said.join(" ") });
  return imported;
}

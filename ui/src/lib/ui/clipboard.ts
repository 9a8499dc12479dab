import { t } from "../i18n";
import { tellFailure } from "../state/engine.svelte";
import { showToast } from "./toast.svelte";

/** Copies a text, and says so. */
export async function copyText(text: string, said: string = t("action.copied")): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    showToast({ icon: "copy", text: said });
  } catch (thrown) {
    tellFailure(thrown);
  }
}

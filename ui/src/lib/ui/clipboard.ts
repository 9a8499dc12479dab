import { t } from "../i18n";
import { tellFailure } from "../state/engine.svelte";
import { showToast } from "./toast.svelte";

/** Copies a text, and says so. */
export async function copyText(text: string, said: string = t("action.copied")): Promise<void> {
  try {
    await write(text);
    showToast({ icon: "copy", text: said });
  } catch (thrown) {
    tellFailure(thrown);
  }
}

async function write(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
  } catch (refused) {
    // Some web views refuse the clipboard interface but obey the older command.
    if (!writeOldWay(text)) throw refused;
  }
}

function writeOldWay(text: string): boolean {
  const before = document.activeElement;
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "sr";
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  if (before instanceof HTMLElement) before.focus();
  return done;
}

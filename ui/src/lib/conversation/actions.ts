import type { MessageRow } from "../bindings";
import { t } from "../i18n";
import { tryCall } from "../state/engine.svelte";
import { view } from "../state/view.svelte";
import { isUnsent } from "./rows";

/** Deletes a message, after asking; one that was never sent is simply given up. */
export function deleteMessage(message: MessageRow): void {
  if (isUnsent(message)) {
    void tryCall("discard_message", { message: message.id });
    return;
  }
  view.overlay = {
    kind: "confirm",
    title: t("message.delete.title"),
    text: t("message.delete.text"),
    action: t("action.delete"),
    run: () => void tryCall("delete_message", { message: message.id }),
  };
}

import type { MessageRow } from "../bindings";
import { t } from "../i18n";
import { readAdapterAction } from "./adapter";

/** What a message says where there is one line for it; one without a text is called what it is. */
export function excerpt({ content, kind, metadata }: MessageRow): string {
  if (content !== "") return content;
  if (kind === "voice") return t("voice.noLength");
  if (kind === "adapter_action") return readAdapterAction(metadata).action ?? t("adapter.action");
  return "";
}

import type { RoleName } from "../bindings";
import { t } from "../i18n";

/** The name under which an author is shown. */
export function authorName(of: { own: boolean; author: string | null; role: RoleName }): string {
  if (of.own) return t("message.you");
  return (
    of.author ?? (of.role === "assistant" ? t("message.assistant") : t("message.unknownAuthor"))
  );
}

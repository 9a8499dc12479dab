import type { Connection } from "../bindings";
import { t } from "../i18n";
import type { ConnectionShape } from "../ui/ConnectionDot.svelte";

/** How a connection is drawn and named. */
export function connectionMark(connection: Connection): { shape: ConnectionShape; label: string } {
  switch (connection.state) {
    case "live":
      return { shape: "live", label: t("connection.live") };
    case "connecting":
      return { shape: "sync", label: t("connection.connecting") };
    case "catching_up":
      return { shape: "sync", label: t("connection.catchingUp") };
    case "signed_out":
      return { shape: "out", label: t("connection.signedOut") };
    case "refused":
      return { shape: "out", label: t("connection.refused") };
    case "offline":
      return { shape: "offline", label: t("connection.offline") };
  }
}

import type { SessionRow, SessionStatusName } from "../bindings";
import { t } from "../i18n";
import { exportKept } from "../settings/exports";
import { tryCall } from "../state/engine.svelte";
import { sessions } from "../state/sessions.svelte";
import { view } from "../state/view.svelte";
import { type MenuItem, openMenu } from "../ui/menu.svelte";
import { showToast } from "../ui/toast.svelte";

/** What can be done with a session, at an element. */
export function openSessionMenu(
  anchor: HTMLElement,
  session: SessionRow,
  align: "start" | "end" = "start",
): void {
  const title = session.title ?? t("session.untitled");
  const items: (MenuItem | "line")[] = [
    {
      label: session.pinned ? t("session.unpin") : t("session.pin"),
      icon: "pin",
      testid: "session-pin",
      action: () => void tryCall("pin_session", { session: session.id, pinned: !session.pinned }),
    },
    {
      label: session.muted ? t("session.unmute") : t("session.mute"),
      icon: session.muted ? "bell" : "bell-off",
      testid: "session-mute",
      action: () => void tryCall("mute_session", { session: session.id, muted: !session.muted }),
    },
  ];
  if (!session.no_access) {
    const archived = session.status === "archived";
    items.push(
      {
        label: t("action.rename"),
        icon: "pencil",
        testid: "session-rename",
        action: () => {
          view.overlay = { kind: "rename", session: session.id, title: session.title ?? "" };
        },
      },
      {
        label: archived ? t("session.unarchive") : t("action.archive"),
        icon: "archive",
        testid: "session-archive",
        action: () => void archive(session, archived ? "active" : "archived", title),
      },
    );
  }
  items.push(
    "line",
    {
      label: t("session.exportMarkdown"),
      icon: "save",
      testid: "session-export-markdown",
      action: () => void exportKept(session.id, "markdown"),
    },
    {
      label: t("session.exportJson"),
      icon: "save",
      testid: "session-export-json",
      action: () => void exportKept(session.id, "json"),
    },
  );
  items.push("line", {
    label: session.no_access ? t("action.remove") : t("action.deleteDots"),
    icon: "trash",
    danger: true,
    testid: "session-delete",
    action: () => confirmDelete(session.id, title),
  });
  openMenu(anchor, t("session.menu"), items, align);
}

export function confirmDelete(session: string, title: string): void {
  view.overlay = {
    kind: "confirm",
    title: t("session.delete.title", { title }),
    text: t("session.delete.text"),
    action: t("action.delete"),
    run: () => void tryCall("delete_session", { session }),
  };
}

async function archive(
  session: SessionRow,
  status: SessionStatusName,
  title: string,
): Promise<void> {
  const set = (next: SessionStatusName) =>
    sessions.take(tryCall("update_session", { session: session.id, title: null, status: next }));
  if (!(await set(status)) || status !== "archived") return;
  showToast({
    icon: "archive",
    text: t("session.archived", { title }),
    action: { label: t("session.undo"), run: () => void set(session.status) },
  });
}

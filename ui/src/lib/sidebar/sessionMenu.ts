import type { SessionNotify, SessionRow, SessionStatusName } from "../bindings";
import { t } from "../i18n";
import { confirmLeave } from "../members/actions";
import { mayInvite, mayLeave, mayManage } from "../members/rights";
import { exportKept } from "../settings/exports";
import { confirmRemoval } from "../settings/removal";
import { tryCall } from "../state/engine.svelte";
import { sessions } from "../state/sessions.svelte";
import { view } from "../state/view.svelte";
import { type MenuItem, openMenu } from "../ui/menu.svelte";
import { showToast } from "../ui/toast.svelte";

const LEVELS: readonly SessionNotify[] = ["all", "mentions", "muted"];

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
    "line",
    ...LEVELS.map((notify) => ({
      label: t(`session.notify.${notify}`),
      checked: session.notify === notify,
      testid: "session-notify",
      value: notify,
      action: () => void tryCall("notify_session", { session: session.id, notify }),
    })),
    "line",
  ];
  if (mayInvite(session)) {
    items.push({
      label: t("invite.menu"),
      icon: "user",
      testid: "session-invite",
      action: () => {
        view.overlay = { kind: "invite", session: session.id };
      },
    });
  }
  if (mayManage(session)) {
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
        action: () => void archive(session, archived ? "active" : "archived"),
      },
    );
  }
  if (items.at(-1) !== "line") items.push("line");
  items.push({
    label: t("session.jumpToDate"),
    icon: "cal",
    testid: "session-date",
    action: () => {
      view.overlay = { kind: "date", session: session.id };
    },
  });
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
  if (!session.no_access && !session.not_here && !session.unsent) {
    items.push({
      label: t("session.removeHere"),
      icon: "db",
      testid: "session-remove-here",
      action: () =>
        confirmRemoval(session.id, title, session.queued + session.held + session.failed),
    });
  }
  if (session.no_access || mayManage(session)) {
    items.push("line", {
      label: session.no_access ? t("action.remove") : t("action.deleteDots"),
      icon: "trash",
      danger: true,
      testid: "session-delete",
      action: () => confirmDelete(session),
    });
  } else if (mayLeave(session)) {
    items.push("line", {
      label: t("members.leave"),
      icon: "enter",
      danger: true,
      testid: "session-leave",
      action: () => confirmLeave(session),
    });
  }
  openMenu(anchor, t("session.menu"), items, align);
}

/** Deletes a session, after asking; one that is out of reach goes from this computer alone. */
export function confirmDelete({ id, title: named, no_access: here }: SessionRow): void {
  const title = named ?? t("session.untitled");
  view.overlay = {
    kind: "confirm",
    title: here ? t("session.remove.title", { title }) : t("session.delete.title", { title }),
    text: here ? t("session.remove.text") : t("session.delete.text"),
    action: here ? t("action.remove") : t("action.delete"),
    run: () => void tryCall("delete_session", { session: id }),
  };
}

/** Archives a session, or takes it back; what was archived can be taken back from the toast. */
export async function archive(session: SessionRow, status: SessionStatusName): Promise<void> {
  const set = (next: SessionStatusName) =>
    sessions.take(tryCall("update_session", { session: session.id, title: null, status: next }));
  if (!(await set(status)) || status !== "archived") return;
  showToast({
    icon: "archive",
    text: t("session.archived", { title: session.title ?? t("session.untitled") }),
    action: { label: t("session.undo"), run: () => void set(session.status) },
  });
}

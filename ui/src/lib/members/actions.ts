import type { GuestRole, Participant, SessionRow } from "../bindings";
import { t } from "../i18n";
import { tryCall } from "../state/engine.svelte";
import { view } from "../state/view.svelte";
import { type MenuItem, openMenu } from "../ui/menu.svelte";
import { showToast } from "../ui/toast.svelte";

/** What the owner of a session can do with somebody who takes part in it. */
export function openPersonMenu(anchor: HTMLElement, session: string, person: Participant): void {
  const role = (value: GuestRole): MenuItem => ({
    label: t(`members.role.${value}`),
    checked: person.role === value,
    hint: t(`members.may.${value}`),
    testid: `member-${value}`,
    action: () => {
      if (person.role !== value) void setRole(session, person, value);
    },
  });
  openMenu(
    anchor,
    t("members.menu", { name: person.name }),
    [
      role("member"),
      role("reader"),
      "line",
      {
        label: t("members.remove"),
        icon: "x",
        danger: true,
        testid: "member-remove",
        action: () => confirmRemove(session, person),
      },
    ],
    "end",
  );
}

async function setRole(session: string, person: Participant, role: GuestRole): Promise<void> {
  const { name, user_id } = person;
  if (await tryCall("set_member_role", { session, user_id, role })) {
    showToast({ icon: "check-c", text: t(`members.changed.${role}`, { name }) });
  }
}

function confirmRemove(session: string, person: Participant): void {
  const { name, user_id } = person;
  view.overlay = {
    kind: "confirm",
    title: t("members.remove.title", { name }),
    text: t("members.remove.text"),
    action: t("action.remove"),
    run: () => void tryCall("remove_member", { session, user_id }),
  };
}

/** Leaves a session, after asking. */
export function confirmLeave(session: SessionRow): void {
  const title = session.title ?? t("session.untitled");
  view.overlay = {
    kind: "confirm",
    title: t("members.leave.title", { title }),
    text: t("members.leave.text"),
    action: t("members.leave.action"),
    run: () => void tryCall("leave_session", { session: session.id }),
  };
}

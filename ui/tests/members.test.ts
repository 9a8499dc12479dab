import { fireEvent, render, screen, waitFor } from "@testing-library/svelte";
import { tick } from "svelte";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Backend } from "../src/lib/backend";
import { BackendError } from "../src/lib/backend";
import type { CommandName, Invite, Participant, SessionRow } from "../src/lib/bindings";
import Composer from "../src/lib/conversation/Composer.svelte";
import { grouped } from "../src/lib/members/code";
import Participants from "../src/lib/members/Participants.svelte";
import {
  mayDelete,
  mayEdit,
  mayInvite,
  mayLeave,
  mayManage,
  mayWrite,
} from "../src/lib/members/rights";
import { commands } from "../src/lib/palette/commands";
import Overlays from "../src/lib/shell/Overlays.svelte";
import { openSessionMenu } from "../src/lib/sidebar/sessionMenu";
import { app } from "../src/lib/state/app.svelte";
import { conversation } from "../src/lib/state/conversation.svelte";
import { useBackend } from "../src/lib/state/engine.svelte";
import { sessions } from "../src/lib/state/sessions.svelte";
import { view } from "../src/lib/state/view.svelte";
import { closeMenu, menu } from "../src/lib/ui/menu.svelte";
import { message, opened, session } from "./fixtures";

const owner: Participant = {
  user_id: "a",
  name: "Alice",
  role: "owner",
  own: true,
  joined_at: 0,
  status: "online",
  devices: 1,
};
const bob: Participant = { ...owner, user_id: "b", name: "Bob", role: "member", own: false };
const invite: Invite = { id: "i", role: "member", code: "0123456789abcdef", expires_at: 1 };

const answers: Partial<Record<CommandName, unknown>> = {};
const call = vi.fn(async (command: CommandName, _args: unknown) => {
  const answer = answers[command];
  if (answer instanceof Error) throw answer;
  return answer;
});

beforeEach(() => {
  for (const name of Object.keys(answers)) delete answers[name as CommandName];
  call.mockClear();
  useBackend({ call, subscribe: () => () => undefined } as unknown as Backend);
});

afterEach(() => {
  closeMenu();
  view.overlay = undefined;
  app.shares = false;
  conversation.reset();
  sessions.clear();
});

/** The words of the menu that is open. */
function offered(): string[] {
  const items = menu.current?.items ?? [];
  return items.flatMap((item) => (item === "line" ? [] : [item.label]));
}

function menuOf(row: SessionRow): string[] {
  openSessionMenu(document.body, row);
  return offered();
}

describe("rights", () => {
  const as = (role: SessionRow["role"], more: Partial<SessionRow> = {}) =>
    session("s", { role, people: 2, ...more });
  const own = message("own", { own: true });
  const others = message("others");

  it("follow the role", () => {
    expect(["owner", "member", "reader", null].map((role) => mayWrite(as(role as never)))).toEqual([
      true,
      true,
      false,
      true,
    ]);
    expect(mayDelete(as("owner"), others)).toBe(true);
    expect(mayDelete(as("member"), others)).toBe(false);
    expect(mayDelete(as("member"), own)).toBe(true);
    expect(mayDelete(as("reader"), own)).toBe(false);
    expect(mayEdit(as("owner"), others)).toBe(false);
    expect(mayEdit(as("reader"), own)).toBe(false);
    expect([as("owner"), as("member"), as(null)].map(mayManage)).toEqual([true, false, true]);
    expect([as("owner"), as("member"), as(null)].map(mayInvite)).toEqual([true, false, false]);
    expect([as("owner"), as("reader"), as(null)].map(mayLeave)).toEqual([false, true, false]);
  });

  it("end with the access, and begin once the project has the session", () => {
    const lost = as("owner", { no_access: true });
    expect([mayWrite(lost), mayManage(lost), mayInvite(lost), mayDelete(lost, own)]).toEqual([
      false,
      false,
      false,
      false,
    ]);
    expect(mayInvite(as("owner", { unsent: true }))).toBe(false);
  });
});

describe("the session menu", () => {
  it("offers the owner what only the owner may do", () => {
    expect(menuOf(session("s", { role: "owner" }))).toEqual(
      expect.arrayContaining(["Invite people…", "Rename…", "Archive", "Delete…"]),
    );
  });

  it("offers others to leave", () => {
    const items = menuOf(session("s", { role: "reader" }));
    expect(items).toContain("Leave…");
    for (const word of ["Invite people…", "Rename…", "Archive", "Delete…"]) {
      expect(items).not.toContain(word);
    }
  });

  it("offers nothing of it where sessions are not shared", () => {
    const items = menuOf(session("s"));
    expect(items).not.toContain("Leave…");
    expect(items).not.toContain("Invite people…");
    expect(items).toContain("Rename…");
  });

  it("asks before leaving", async () => {
    answers.leave_session = {};
    openSessionMenu(document.body, session("s", { role: "member", title: "Plans" }));
    const leave = menu.current?.items.find((item) => item !== "line" && item.label === "Leave…");
    if (leave && leave !== "line") leave.action();
    render(Overlays);
    expect(screen.getByText("Leave “Plans”?")).toBeTruthy();
    expect(call).not.toHaveBeenCalled();
    await fireEvent.click(screen.getByTestId("confirm-action"));
    expect(call).toHaveBeenCalledWith("leave_session", { session: "s" });
  });
});

it("says to a reader why there is nothing to write in, and at once when that changes", async () => {
  answers.open_session = opened("s");
  sessions.apply([session("s", { role: "reader" })], []);
  await conversation.open("s");
  render(Composer);
  expect(screen.getByTestId("composer-closed").textContent).toContain("not write");
  sessions.apply([session("s", { role: "member" })], []);
  await tick();
  expect(screen.queryByTestId("composer-closed")).toBeNull();
  expect(screen.getByTestId("composer")).toBeTruthy();
});

it("offers to join only where sessions can be shared", () => {
  const ids = () => commands().map((command) => command.id);
  expect(ids()).not.toContain("join");
  app.shares = true;
  expect(ids()).toContain("join");
  expect(ids()).not.toContain("invite");
});

describe("those who take part", () => {
  it("are shown with their roles, and the owner can change that of others", async () => {
    answers.participants = [owner, bob];
    answers.set_member_role = {};
    sessions.apply([session("s", { role: "owner", people: 2 })], []);
    render(Participants, { id: "s" });
    const rows = await screen.findAllByTestId("participant");
    expect(rows.map((row) => row.dataset.role)).toEqual(["owner", "member"]);
    expect(screen.getAllByTestId("member-menu")).toHaveLength(1);
    await fireEvent.click(screen.getByTestId("member-menu"));
    expect(offered()).toEqual(["Member", "Reader", "Remove from the session…"]);
    const reader = menu.current?.items[1];
    if (reader && reader !== "line") reader.action();
    expect(call).toHaveBeenCalledWith("set_member_role", {
      session: "s",
      user_id: "b",
      role: "reader",
    });
  });

  it("are read again when the session changes", async () => {
    answers.participants = [owner];
    sessions.apply([session("s", { role: "owner", people: 1 })], []);
    render(Participants, { id: "s" });
    await screen.findByTestId("participant");
    answers.participants = [owner, bob];
    sessions.apply([session("s", { role: "owner", people: 2 })], []);
    await waitFor(() => expect(screen.getAllByTestId("participant")).toHaveLength(2));
  });

  it("cannot be changed by who is not the owner", async () => {
    answers.participants = [
      { ...owner, own: false },
      { ...bob, own: true },
    ];
    sessions.apply([session("s", { role: "member", people: 2 })], []);
    render(Participants, { id: "s" });
    await screen.findAllByTestId("participant");
    expect(screen.queryByTestId("member-menu")).toBeNull();
    expect(screen.queryByTestId("invite-open")).toBeNull();
  });
});

describe("an invitation", () => {
  it("is made as chosen, shown once, and the focus is on its code", async () => {
    answers.invites = [];
    answers.create_invite = invite;
    sessions.apply([session("s", { role: "owner" })], []);
    view.overlay = { kind: "invite", session: "s" };
    render(Overlays);
    const create = await screen.findByTestId("invite-create");
    await waitFor(() => expect((create as HTMLButtonElement).disabled).toBe(false));
    await fireEvent.click(screen.getByText("Read"));
    await fireEvent.click(screen.getByText("1 hour"));
    await fireEvent.submit(document.querySelector("#invite-form") as HTMLFormElement);
    const code = await screen.findByTestId("invite-code");
    expect(call).toHaveBeenCalledWith("create_invite", {
      session: "s",
      role: "reader",
      seconds: 3600,
    });
    expect(code.textContent).toBe("0123 4567 89ab cdef");
    expect(document.activeElement).toBe(code);
  });

  it("that is open can be withdrawn", async () => {
    answers.invites = [{ id: "i", role: "reader", created_at: 0, expires_at: 1 }];
    answers.withdraw_invite = {};
    view.overlay = { kind: "invite", session: "s" };
    render(Overlays);
    await fireEvent.click(await screen.findByTestId("invite-withdraw"));
    expect(call).toHaveBeenCalledWith("withdraw_invite", { invite: "i" });
  });

  it("says what is wrong with its code and keeps what was typed", async () => {
    answers.redeem_invite = new BackendError({
      code: "invite_used",
      message: "This invitation was redeemed already. Ask for a new one.",
      details: null,
    });
    view.overlay = { kind: "join" };
    render(Overlays);
    const field = (await screen.findByTestId("join-code")) as HTMLInputElement;
    await fireEvent.input(field, { target: { value: "abcd" } });
    await fireEvent.submit(document.querySelector("#join-form") as HTMLFormElement);
    expect((await screen.findByRole("alert")).textContent).toContain("redeemed already");
    expect(field.value).toBe("abcd");
    expect(view.overlay).toEqual({ kind: "join" });
  });

  it("opens its session once it is redeemed", async () => {
    answers.redeem_invite = session("s", { role: "member" });
    answers.open_session = opened("s");
    view.overlay = { kind: "join" };
    render(Overlays);
    await fireEvent.input(await screen.findByTestId("join-code"), { target: { value: "abcd" } });
    await fireEvent.submit(document.querySelector("#join-form") as HTMLFormElement);
    await waitFor(() => expect(conversation.id).toBe("s"));
    expect(view.overlay).toBeUndefined();
  });
});

it("a code is read in groups", () => {
  expect(grouped("0123456789")).toBe("0123 4567 89");
  expect(grouped("")).toBe("");
});

import type { ExportFormat, OwnPresence, SessionNotify, SessionRow } from "../bindings";
import { readDay } from "../conversation/calendar";
import { dayProblem, jumpToDay } from "../conversation/day";
import { t } from "../i18n";
import { confirmLeave } from "../members/actions";
import { mayInvite, mayLeave, mayManage } from "../members/rights";
import { commands } from "../palette/commands";
import { exportKept } from "../settings/exports";
import { findInSession, openPalette } from "../shell/shortcuts";
import { archive } from "../sidebar/sessionMenu";
import { app } from "../state/app.svelte";
import { conversation } from "../state/conversation.svelte";
import { call, tellFailure } from "../state/engine.svelte";
import { sessions } from "../state/sessions.svelte";
import { view } from "../state/view.svelte";
import { showToast } from "../ui/toast.svelte";
import type { Action } from "./command";
import type { SlashText } from "./text";

const FORMATS: readonly ExportFormat[] = ["markdown", "json"];

function open(): SessionRow | undefined {
  return conversation.id === undefined ? undefined : sessions.get(conversation.id);
}

/** Does what the palette does. */
function asPalette(id: string): undefined {
  commands()
    .find((command) => command.id === id)
    ?.run();
}

function notOwner(): string | undefined {
  const session = open();
  return session && mayManage(session) ? undefined : t("slash.no.owner");
}

function notShared(): string | undefined {
  return app.shares ? undefined : t("slash.no.shares");
}

function notInviting(): string | undefined {
  if (!app.shares) return t("slash.no.shares");
  if (open()?.unsent) return t("slash.no.unsent");
  return mayInvite(open()) ? undefined : t("slash.no.owner");
}

function notLeaving(): string | undefined {
  const session = open();
  return session && mayLeave(session) ? undefined : t("slash.no.leave");
}

function notPresent(): string | undefined {
  if (!app.settings.presence) return t("slash.no.presence");
  return app.signedIn ? undefined : t("slash.no.signedIn");
}

/** Nothing belongs behind the name. */
function wrongRest({ words, name }: SlashText): string | undefined {
  return words.length === 0 ? undefined : t("slash.form", { example: `/${name}` });
}

function readFormat(word = "markdown"): ExportFormat | undefined {
  return FORMATS.find((each) => each.startsWith(word.toLowerCase()));
}

async function tell(notify: SessionNotify): Promise<undefined> {
  const session = conversation.id;
  if (session === undefined) return;
  await call("notify_session", { session, notify });
  const muted = notify === "muted";
  showToast({
    icon: muted ? "bell-off" : "bell",
    text: t(muted ? "slash.muted" : "slash.unmuted", {
      title: sessions.get(session)?.title ?? t("session.untitled"),
    }),
  });
}

async function pin(pinned: boolean): Promise<undefined> {
  const session = conversation.id;
  if (session !== undefined) await call("pin_session", { session, pinned });
}

async function rename(title: string): Promise<undefined> {
  const session = conversation.id;
  if (session === undefined) return;
  await sessions.take(call("update_session", { session, title, status: null }));
}

async function begin(title: string): Promise<undefined> {
  const before = conversation.id;
  const row = await sessions.take(call("create_session", { title }));
  // Whoever went somewhere else meanwhile stays there.
  if (row && conversation.id === before) app.openSession(row.id).catch(tellFailure);
}

async function be(presence: OwnPresence): Promise<undefined> {
  await call("set_presence", { presence });
  app.presence = presence;
  showToast({ icon: "user", text: t("presence.yours", { presence: t(`presence.${presence}`) }) });
}

function presence(name: OwnPresence): Action {
  return {
    name,
    icon: "user",
    text: `slash.do.${name}`,
    args: [],
    offered: () => app.presence !== name,
    lacks: notPresent,
    wrong: wrongRest,
    run: () => be(name),
  };
}

/** Commands on the open session, on others, and on oneself. */
export const CHAT: readonly Action[] = [
  {
    name: "find",
    icon: "search",
    text: "slash.do.find",
    args: [{ name: "slash.arg.text", optional: true, long: true }],
    run: ({ rest }) => void findInSession(rest?.trim()),
  },
  {
    name: "search",
    icon: "search",
    text: "slash.do.search",
    args: [{ name: "slash.arg.text", optional: true, long: true }],
    run: ({ rest = "" }) => {
      if (rest.trim() === "") openPalette("");
      else view.showMain(rest.trim());
      return undefined;
    },
  },
  {
    name: "date",
    icon: "cal",
    text: "slash.do.date",
    args: [{ name: "slash.arg.day", optional: true, long: true }],
    wrong: ({ words }) =>
      words.length === 0 ? undefined : dayWrong(dayProblem(readDay(words.join(" ")))),
    run: ({ words }) => {
      const day = readDay(words.join(" "));
      if (!day || conversation.id === undefined) return asPalette("jump-to-date");
      return jumpToDay(conversation.id, day);
    },
  },
  {
    name: "new",
    icon: "compose",
    text: "slash.do.new",
    args: [{ name: "slash.arg.name", optional: true, long: true }],
    run: ({ rest = "" }) => (rest.trim() === "" ? asPalette("new-session") : begin(rest.trim())),
  },
  {
    name: "rename",
    icon: "pencil",
    text: "slash.do.rename",
    args: [{ name: "slash.arg.name", optional: true, long: true }],
    lacks: notOwner,
    run: ({ rest = "" }) => {
      const session = open();
      if (session && rest.trim() === "") {
        view.overlay = { kind: "rename", session: session.id, title: session.title ?? "" };
        return undefined;
      }
      return rename(rest.trim());
    },
  },
  {
    name: "pin",
    icon: "pin",
    text: "slash.do.pin",
    args: [],
    offered: () => open()?.pinned === false,
    wrong: wrongRest,
    run: () => pin(true),
  },
  {
    name: "unpin",
    icon: "pin",
    text: "slash.do.unpin",
    args: [],
    offered: () => open()?.pinned === true,
    wrong: wrongRest,
    run: () => pin(false),
  },
  {
    name: "mute",
    icon: "bell-off",
    text: "slash.do.mute",
    args: [],
    offered: () => open()?.notify !== "muted",
    wrong: wrongRest,
    run: () => tell("muted"),
  },
  {
    name: "unmute",
    icon: "bell",
    text: "slash.do.unmute",
    args: [],
    offered: () => open()?.notify === "muted",
    wrong: wrongRest,
    run: () => tell("all"),
  },
  {
    name: "invite",
    icon: "user",
    text: "slash.do.invite",
    args: [],
    lacks: notInviting,
    wrong: wrongRest,
    run: () => asPalette("invite"),
  },
  {
    name: "join",
    icon: "key",
    text: "slash.do.join",
    args: [],
    lacks: notShared,
    wrong: wrongRest,
    run: () => asPalette("join"),
  },
  {
    name: "leave",
    icon: "enter",
    text: "slash.do.leave",
    args: [],
    lacks: notLeaving,
    wrong: wrongRest,
    run: () => {
      const session = open();
      if (session) confirmLeave(session);
      return undefined;
    },
  },
  {
    name: "archive",
    icon: "archive",
    text: "slash.do.archive",
    args: [],
    lacks: notOwner,
    wrong: wrongRest,
    run: () => {
      const session = open();
      if (session) void archive(session, "archived");
      return undefined;
    },
  },
  {
    name: "export",
    icon: "save",
    text: "slash.do.export",
    args: [{ optional: true, values: () => FORMATS.map((value) => ({ value })) }],
    wrong: ({ words }) =>
      words.length > 1 || readFormat(words[0]) === undefined
        ? t("slash.form", { example: "/export json" })
        : undefined,
    run: ({ words }) => {
      const format = readFormat(words[0]);
      if (conversation.id !== undefined && format) void exportKept(conversation.id, format);
      return undefined;
    },
  },
  presence("online"),
  presence("away"),
  presence("invisible"),
  {
    name: "shortcuts",
    icon: "keyb",
    text: "slash.do.shortcuts",
    args: [],
    wrong: wrongRest,
    run: () => showHelp(),
  },
];

/** In a project nobody answers it. */
export const HELP: Action = {
  name: "help",
  icon: "info",
  text: "slash.do.shortcuts",
  args: [],
  offered: () => false,
  run: () => showHelp(),
};

function showHelp(): undefined {
  view.settings = "shortcuts";
}

function dayWrong(problem: string | undefined): string | undefined {
  return problem && `${problem} ${t("slash.form", { example: "/date 2026-03-01" })}`;
}

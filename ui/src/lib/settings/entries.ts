import type { Desktop, Settings } from "../bindings";
import { t } from "../i18n";
import { canZoom } from "../shell/zoom";
import { formOf } from "../slash/command";
import { understood } from "../slash/commands";
import { app } from "../state/app.svelte";
import { lock } from "../state/lock.svelte";
import type { Section } from "../state/view.svelte";
import { caps } from "../ui/keys";
import { amounts } from "./amounts";
import { shortcutList } from "./shortcutList";

/** A setting, as the search of the settings finds it. */
export interface Entry {
  section: Section;
  name: string;
  text: string;
}

type Said = Omit<Entry, "section">;

/** One that is on or off. */
export interface Toggle extends Entry {
  setting: {
    [Name in keyof Settings]: Settings[Name] extends boolean ? Name : never;
  }[keyof Settings];
}

/** Those that are on or off, and can be changed where they are found. */
export function toggles(): readonly Toggle[] {
  return [
    {
      section: "chat",
      setting: "enter_sends",
      name: t("settings.enter"),
      text: t("settings.enter.text", { keys: caps("Mod+Enter").join("+") }),
    },
    {
      section: "chat",
      setting: "activity",
      name: t("settings.activity"),
      text: t("settings.activity.text"),
    },
    {
      section: "chat",
      setting: "voice",
      name: t("settings.voice"),
      text: t("settings.voice.text"),
    },
    {
      section: "market",
      setting: "prices",
      name: t("settings.followPrices"),
      text: t("settings.followPrices.text"),
    },
    {
      section: "alerts",
      setting: "notifications",
      name: t("settings.notifications"),
      text: t("settings.notifications.text"),
    },
    {
      section: "alerts",
      setting: "message_notifications",
      name: t("settings.messageNotifications"),
      text: t("settings.messageNotifications.text"),
    },
    ...(app.hasTray
      ? [
          {
            section: "alerts",
            setting: "close_to_tray",
            name: t("settings.tray"),
            text: t("settings.tray.text"),
          } as const,
        ]
      : []),
    {
      section: "privacy",
      setting: "previews",
      name: t("settings.previews"),
      text: t("settings.previews.text"),
    },
    {
      section: "privacy",
      setting: "presence",
      name: t("settings.presence"),
      text: t("settings.presence.text"),
    },
    ...(app.settings.presence
      ? [
          {
            section: "privacy",
            setting: "send_typing",
            name: t("settings.typing"),
            text: t("settings.typing.text"),
          } as const,
        ]
      : []),
  ];
}

/** What has a control of its own form: shown where it is. */
export function elsewhere(desktop: Desktop | undefined): readonly Entry[] {
  const sections: readonly (readonly [Section, readonly Said[]])[] = [
    ["account", account()],
    ["appearance", appearance()],
    ["market", market()],
    ["alerts", alerts(desktop)],
    ["shortcuts", keys()],
    ["storage", storage()],
    ["privacy", privacy()],
    ["advanced", advanced()],
  ];
  return sections.flatMap(([section, said]) => said.map((each) => ({ section, ...each })));
}

function account(): Said[] {
  const list: Said[] = app.workspaces.map((workspace) => ({
    name: app.nameOf(workspace),
    text: workspace.email ?? workspace.url,
  }));
  list.push({ name: t("workspace.add"), text: "" });
  if (!app.signedIn || !app.workspace || app.workspace.local) return list;
  const { name } = app.workspace;
  return [
    ...list,
    {
      name: t("settings.name"),
      text: t("settings.name.text", { name: app.account?.name ?? "" }),
    },
    { name: t("settings.password"), text: t("settings.password.text", { name }) },
    { name: t("settings.twoStep"), text: t("settings.twoStep.text", { name }) },
    { name: t("settings.devices"), text: t("settings.devices.text", { name }) },
  ];
}

function appearance(): Said[] {
  const list: Said[] = [
    { name: t("settings.theme"), text: "" },
    { name: t("settings.prices"), text: t("settings.prices.safe") },
  ];
  if (canZoom()) list.push({ name: t("settings.zoom"), text: t("settings.zoom.text") });
  list.push(
    { name: t("settings.density"), text: t("settings.density.text") },
    { name: t("settings.motion"), text: t("settings.motion.text") },
    { name: t("settings.language"), text: "" },
  );
  return list;
}

function market(): Said[] {
  return [
    { name: t("settings.keeping"), text: t("settings.keeping.text") },
    ...(["raw", "minutes", "hours", "days"] as const).map((level) => ({
      name: t(`settings.keeping.${level}`),
      text: t(`settings.keeping.${level}.text`),
    })),
  ];
}

function alerts(desktop: Desktop | undefined): Said[] {
  const list: Said[] = [
    { name: t("settings.mute"), text: t("settings.mute.text") },
    { name: t("settings.quiet"), text: t("settings.quiet.text") },
  ];
  if (app.settings.quiet.on) {
    list.push(
      { name: t("settings.quiet.times"), text: t("settings.quiet.times.text") },
      { name: t("settings.quiet.days"), text: t("settings.quiet.days.text") },
      { name: t("settings.quiet.zone"), text: t("settings.quiet.zone.text") },
    );
  }
  list.push(
    { name: t("settings.message"), text: t("settings.message.text") },
    { name: t("settings.sound"), text: t("settings.sound.text") },
    { name: t("settings.test"), text: t("settings.test.text") },
  );
  if (desktop && desktop.autostart !== null) {
    list.push({ name: t("settings.autostart"), text: t("settings.autostart.text") });
  }
  return list;
}

function keys(): Said[] {
  return [
    ...shortcutList().map(({ name, keys }) => ({
      name: t(name),
      text: caps(keys).join("+"),
    })),
    ...understood().map((command) => ({
      name: `/${command.name} ${formOf(command, t)}`.trim(),
      text: t(command.text),
    })),
  ];
}

function storage(): Said[] {
  const list: Said[] = [];
  if (app.download) list.push({ name: t("settings.download"), text: "" });
  list.push({ name: t("settings.retention"), text: t("settings.retention.text") });
  const { keep } = app.settings.retention;
  if (keep === "months") list.push({ name: t("settings.retention.howMany"), text: "" });
  if (keep === "size") list.push({ name: t("settings.retention.howLarge"), text: "" });
  list.push(
    { name: t("settings.export"), text: t("settings.export.text") },
    { name: t("settings.import"), text: t("settings.import.text") },
    { name: t("settings.sizes"), text: "" },
  );
  return list;
}

function privacy(): Said[] {
  const list: Said[] = [
    { name: t("settings.remote"), text: t("settings.remote.text") },
    { name: t("settings.kept"), text: t("settings.kept.text") },
    { name: t("settings.passphrase"), text: t("settings.lock.honest") },
    { name: t("settings.lockAfter"), text: t("settings.lockAfter.text") },
  ];
  // It is chosen once a passphrase is set, as is the time above: that one is what people look for.
  if (app.hasTray && lock.canLock) {
    list.push({ name: t("settings.lockHidden"), text: t("settings.lockHidden.text") });
  }
  return list;
}

function advanced(): Said[] {
  return [
    { name: t("settings.schema"), text: t("settings.schema.text") },
    { name: t("settings.connected"), text: t("settings.connected.text") },
    ...amounts().map(({ name, text }) => ({ name, text })),
    { name: t("settings.diagnostics"), text: t("settings.live") },
    { name: t("settings.frames"), text: t("settings.frames.text") },
  ];
}

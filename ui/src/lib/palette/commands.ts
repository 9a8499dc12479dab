import { tick } from "svelte";
import { t } from "../i18n";
import { mayInvite } from "../members/rights";
import { searchEverywhere } from "../shell/shortcuts";
import { canZoom, zoom } from "../shell/zoom";
import { app } from "../state/app.svelte";
import { conversation } from "../state/conversation.svelte";
import { tryCall } from "../state/engine.svelte";
import { lock } from "../state/lock.svelte";
import { market } from "../state/market.svelte";
import { sessions } from "../state/sessions.svelte";
import { settings } from "../state/settings.svelte";
import { view } from "../state/view.svelte";
import type { IconName } from "../ui/icons";

export interface PaletteCommand {
  id: string;
  label: string;
  icon: IconName;
  keys?: string;
  run: () => void;
}

/** What the palette can do here and now. */
export function commands(): PaletteCommand[] {
  const list: PaletteCommand[] = [
    {
      id: "new-session",
      label: t("session.new"),
      icon: "compose",
      keys: "Mod+N",
      run: () => {
        view.overlay = { kind: "new-session" };
      },
    },
    {
      id: "search",
      label: t("search.everywhere"),
      icon: "search",
      keys: "Mod+Shift+F",
      // Once the palette has given the focus back, which its field then takes.
      run: () => void tick().then(searchEverywhere),
    },
  ];
  if (app.shares) list.push(...sharing());
  const open = conversation.id;
  if (open !== undefined) {
    list.push({
      id: "jump-to-date",
      label: t("command.jumpToDate"),
      icon: "cal",
      run: () => {
        view.overlay = { kind: "date", session: open };
      },
    });
  }
  if (app.settings.prices) list.push(...marketCommands());
  list.push(
    {
      id: "details",
      label: t("command.showDetails"),
      icon: "info",
      keys: "Mod+Shift+D",
      run: () => view.showTab("details"),
    },
    {
      id: "panel",
      label: t("command.togglePanel"),
      icon: "panel",
      keys: "Mod+.",
      run: () => view.togglePanel(),
    },
    {
      id: "outbox",
      label: t("command.outbox"),
      icon: "clock",
      run: () => {
        view.overlay = { kind: "outbox" };
      },
    },
    {
      id: "settings",
      label: t("settings.title"),
      icon: "sliders",
      keys: "Mod+,",
      run: () => {
        view.settings = "appearance";
      },
    },
    {
      id: "shortcuts",
      label: t("settings.shortcuts"),
      icon: "keyb",
      keys: "Mod+/",
      run: () => {
        view.overlay = { kind: "shortcuts" };
      },
    },
    ...themes(),
    ...zooms(),
    connection(),
    {
      id: "diagnostics",
      label: t("command.diagnostics"),
      icon: "info",
      run: () => view.showDiagnostics(),
    },
    {
      id: "add-workspace",
      label: t("workspace.add"),
      icon: "plus",
      run: () => {
        view.adding = true;
      },
    },
  );
  if (lock.canLock) {
    list.push({
      id: "lock",
      label: t("command.lock"),
      icon: "lock",
      keys: "Mod+L",
      run: () => void lock.now(),
    });
  }
  if (app.signedIn && !app.workspace?.local) {
    list.push({
      id: "sign-out",
      label: t("action.signOut"),
      icon: "lock",
      run: () => void tryCall("sign_out", {}),
    });
  }
  return list;
}

function sharing(): PaletteCommand[] {
  const list: PaletteCommand[] = [
    {
      id: "join",
      label: t("join.title"),
      icon: "key",
      run: () => {
        view.overlay = { kind: "join" };
      },
    },
  ];
  const id = conversation.id;
  if (id !== undefined && mayInvite(sessions.get(id))) {
    list.push({
      id: "invite",
      label: t("invite.open"),
      icon: "user",
      run: () => {
        view.overlay = { kind: "invite", session: id };
      },
    });
  }
  return list;
}

function marketCommands(): PaletteCommand[] {
  return [
    {
      id: "new-alert",
      label: t("command.newAlert"),
      icon: "bell-plus",
      keys: "Mod+Shift+A",
      run: () => view.newAlert(market.open),
    },
    ...market.order.map(
      (symbol): PaletteCommand => ({
        id: `new-alert-${symbol}`,
        label: t("command.newAlertOn", { symbol }),
        icon: "bell-plus",
        run: () => view.newAlert(symbol),
      }),
    ),
    {
      id: "market",
      label: t("command.showMarket"),
      icon: "chart",
      keys: "Mod+Shift+M",
      run: () => view.showTab("market"),
    },
    {
      id: "alerts",
      label: t("command.showAlerts"),
      icon: "bell",
      keys: "Mod+Shift+L",
      run: () => view.showTab("alerts"),
    },
  ];
}

function themes(): PaletteCommand[] {
  return (["light", "dark", "system"] as const)
    .filter((theme) => theme !== app.settings.theme)
    .map((theme) => ({
      id: `theme-${theme}`,
      label: t(`command.${theme}`),
      icon: "theme" as const,
      run: () => void settings.change({ theme }),
    }));
}

function zooms(): PaletteCommand[] {
  if (!canZoom()) return [];
  return [
    {
      id: "zoom-in",
      label: t("zoom.in"),
      icon: "plus",
      keys: "Mod+Plus",
      run: () => zoom("in"),
    },
    {
      id: "zoom-out",
      label: t("zoom.out"),
      icon: "min",
      keys: "Mod+Minus",
      run: () => zoom("out"),
    },
    {
      id: "zoom-usual",
      label: t("zoom.usual"),
      icon: "text",
      keys: "Mod+0",
      run: () => zoom("usual"),
    },
  ];
}

function connection(): PaletteCommand {
  return app.connection.state === "offline"
    ? {
        id: "connect",
        label: t("command.connect"),
        icon: "sync",
        run: () => void tryCall("connect", {}),
      }
    : {
        id: "disconnect",
        label: t("command.disconnect"),
        icon: "cloud-off",
        run: () => void tryCall("disconnect", {}),
      };
}

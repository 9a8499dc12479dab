import type { RealtimeSettings } from "../bindings";
import { t } from "../i18n";

export interface Amount {
  setting: Exclude<keyof RealtimeSettings, "frame_log">;
  name: string;
  text: string;
  unit: string;
  /** How many of the setting's units are one of those shown. */
  scale: number;
}

/** The figures of the live connection. */
export function amounts(): readonly Amount[] {
  return [
    {
      setting: "reconnect_first_ms",
      name: t("settings.reconnectFirst"),
      text: t("settings.reconnectFirst.text"),
      unit: t("settings.unit.seconds"),
      scale: 1000,
    },
    {
      setting: "reconnect_longest_ms",
      name: t("settings.reconnectLongest"),
      text: t("settings.reconnectLongest.text"),
      unit: t("settings.unit.seconds"),
      scale: 1000,
    },
    {
      setting: "heartbeat_ms",
      name: t("settings.heartbeat"),
      text: t("settings.heartbeat.text"),
      unit: t("settings.unit.seconds"),
      scale: 1000,
    },
    {
      setting: "presence_timeout_ms",
      name: t("settings.presenceTimeout"),
      text: t("settings.presenceTimeout.text"),
      unit: t("settings.unit.seconds"),
      scale: 1000,
    },
    {
      setting: "typing_timeout_ms",
      name: t("settings.typingTimeout"),
      text: t("settings.typingTimeout.text"),
      unit: t("settings.unit.seconds"),
      scale: 1000,
    },
    {
      setting: "events_per_second",
      name: t("settings.rate"),
      text: t("settings.rate.text"),
      unit: t("settings.unit.perSecond"),
      scale: 1,
    },
  ];
}

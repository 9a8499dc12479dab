import { t } from "../i18n";
import { tryCall } from "../state/engine.svelte";
import { settings } from "../state/settings.svelte";
import { showToast } from "../ui/toast.svelte";

/** Bytes of a file of sound. */
export const SOUND_MAX = 2 << 20;

/** Keeps a file as the sound of notifications. A failure is told. */
export async function chooseSound(file: File): Promise<boolean> {
  if (file.size > SOUND_MAX) {
    showToast({ icon: "bad", text: t("settings.sound.large"), bad: true });
    return false;
  }
  const data = base64(new Uint8Array(await file.arrayBuffer()));
  const now = await tryCall("choose_sound", { name: file.name, data });
  if (now) settings.take(now);
  return now !== undefined;
}

function base64(bytes: Uint8Array): string {
  const PART = 0x8000;
  let text = "";
  for (let start = 0; start < bytes.length; start += PART) {
    text += String.fromCharCode(...bytes.subarray(start, start + PART));
  }
  return btoa(text);
}

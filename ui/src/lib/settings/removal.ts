import { bytes } from "../format/number";
import { t } from "../i18n";
import { conversation } from "../state/conversation.svelte";
import { tryCall } from "../state/engine.svelte";
import { view } from "../state/view.svelte";
import { showToast } from "../ui/toast.svelte";

/**
 * Asks before a session's messages leave this computer. `unsent`: how many of its changes exist
 * nowhere else: then it says so, and leads to them.
 */
export function confirmRemoval(
  session: string,
  title: string,
  unsent: number,
  done: () => void = () => undefined,
): void {
  view.overlay =
    unsent > 0
      ? {
          kind: "confirm",
          title: t("remove.unsent.title", { title }),
          text: t("remove.unsent.text", { count: unsent }),
          action: t("remove.unsent.show"),
          run: () => {
            view.overlay = { kind: "outbox" };
          },
        }
      : {
          kind: "confirm",
          title: t("remove.title", { title }),
          text: t("remove.text"),
          action: t("action.remove"),
          run: () => void remove(session).then(done),
        };
}

async function remove(session: string): Promise<void> {
  // What is open would be fetched again at once.
  if (conversation.id === session) conversation.leave();
  const removed = await tryCall("remove_from_device", { session });
  if (!removed) return;
  const { messages: count, bytes: size } = removed;
  showToast({ icon: "check", text: t("remove.done", { count, size: bytes(size) }) });
}

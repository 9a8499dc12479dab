import type { Imported } from "../bindings";
import { t } from "../i18n";
import { tryCall } from "../state/engine.svelte";
import { showToast } from "../ui/toast.svelte";

/** Bytes of a piece. */
export const PIECE = 512 * 1024;

interface Piece {
  piece: number;
  text: string;
  last: boolean;
}

/** Hands an exported file over in pieces, and says what came of it. A failure is told, too. */
export async function importFile(file: Blob): Promise<Imported | undefined> {
  const reply = await inPieces(file, (piece) => tryCall("import", piece));
  if (reply?.imported) tell(reply.imported);
  return reply?.imported ?? undefined;
}

/** Hands a file over piece by piece; the answer to the last, unless one was refused. */
export async function inPieces<Reply>(
  file: Blob,
  hand: (piece: Piece) => Promise<Reply | undefined>,
): Promise<Reply | undefined> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let start = 0;
  for (let piece = 0; ; piece += 1) {
    const end = Math.min(start + PIECE, file.size);
    const last = end === file.size;
    let text: string;
    try {
      text = decoder.decode(await file.slice(start, end).arrayBuffer(), { stream: !last });
    } catch {
      showToast({ icon: "bad", text: t("import.unreadable"), bad: true });
      return undefined;
    }
    const reply = await hand({ piece, text, last });
    if (!reply || last) return reply;
    start = end;
  }
}

function tell(imported: Imported): void {
  const said = [
    t("import.sessions", { count: imported.sessions }),
    t("import.messages", { count: imported.messages }),
  ];
  if (imported.known > 0) said.push(t("import.known", { count: imported.known }));
  if (imported.left_out > 0) said.push(t("import.leftOut", { count: imported.left_out }));
  if (imported.unsent > 0) said.push(t("import.unsent", { count: imported.unsent }));
  if (imported.undone > 0) said.push(t("import.undone", { count: imported.undone }));
  showToast({ icon: "check", text: said.join(" ") });
}

import type { Density, MessageRow } from "../bindings";
import { dayKey } from "../format/time";

/** What the list of a conversation draws, top to bottom. */
export type Row =
  | { kind: "day"; key: string; at: number }
  | { kind: "unread"; key: string }
  | { kind: "gap"; key: string; start: boolean }
  | { kind: "system"; key: string; message: MessageRow }
  | { kind: "message"; key: string; message: MessageRow; first: boolean; last: boolean };

/** One author within this time is one group. */
const GROUP = 5 * 60_000;

/**
 * Messages in their order, with day headers, the unread divider and groups of one author. `gaps`:
 * ids of the messages just before which others may be missing.
 */
export function buildRows(
  messages: readonly MessageRow[],
  firstUnread: string | undefined,
  gaps: ReadonlySet<string>,
): Row[] {
  const rows: Row[] = [];
  let previous: MessageRow | undefined;
  let open: Extract<Row, { kind: "message" }> | undefined;
  let day = "";
  const days = new Set<string>();
  for (const message of messages) {
    if (gaps.has(message.id)) {
      rows.push({ kind: "gap", key: `gap:${message.id}`, start: previous === undefined && !open });
      previous = undefined;
    }
    const today = dayKey(message.created_at);
    if (today !== day) {
      // Own unsent messages stand last, however long ago they were written: a day can come again.
      const key = days.has(today) ? `day:${today}:${message.id}` : `day:${today}`;
      days.add(today);
      rows.push({ kind: "day", key, at: message.created_at });
      day = today;
      previous = undefined;
    }
    if (message.id === firstUnread) {
      rows.push({ kind: "unread", key: "unread" });
      previous = undefined;
    }
    if (message.role === "system") {
      rows.push({ kind: "system", key: message.id, message });
      previous = undefined;
      open = undefined;
      continue;
    }
    const first = previous === undefined || !sameGroup(previous, message);
    if (!first && open) open.last = false;
    open = { kind: "message", key: message.id, message, first, last: true };
    rows.push(open);
    previous = message;
  }
  return rows;
}

/** What is around the text of rows, in px: `--message-pad` and the like of `tokens.css` in sums. */
const AROUND = {
  comfortable: { day: 36, unread: 32, first: 34, inner: 8, last: 8 },
  compact: { day: 30, unread: 24, first: 29, inner: 2, last: 3 },
} as const satisfies Record<Density, Record<string, number>>;

/** Height to assume before a row was drawn, in px. */
export function estimateHeight(row: Row, density: Density): number {
  const around = AROUND[density];
  switch (row.kind) {
    case "day":
      return around.day;
    case "unread":
      return around.unread;
    case "gap":
      return 40;
    case "system":
      return 28;
    case "message": {
      const lines = row.message.content
        .split("\n")
        .reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / 84)), 0);
      return lines * 22 + (row.first ? around.first : around.inner) + (row.last ? around.last : 0);
    }
  }
}

/** An own message that the server does not have yet. */
export function isUnsent(message: MessageRow): boolean {
  return (
    message.own &&
    message.state.state !== "delivered" &&
    message.pending_edit === null &&
    !message.pending_delete
  );
}

/** As the server orders them, own unsent messages last, in the order written. */
export function compareMessages(a: MessageRow, b: MessageRow): number {
  const unsent = Number(isUnsent(a)) - Number(isUnsent(b));
  if (unsent !== 0) return unsent;
  return a.created_at - b.created_at || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

function sameGroup(a: MessageRow, b: MessageRow): boolean {
  return (
    a.own === b.own &&
    a.role === b.role &&
    a.user_id === b.user_id &&
    a.author === b.author &&
    b.created_at - a.created_at <= GROUP
  );
}

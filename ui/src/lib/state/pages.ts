import type { MessagePage, MessageRow } from "../bindings";
import { compareMessages } from "../conversation/rows";

/** How many messages are held at most while reading on; what is far from the view is let go. */
export const HELD = 600;

/**
 * Two pages that follow each other. `asked`: which of them was read from the other's edge; it says
 * whether something is missing between the two.
 */
export function joined(
  older: MessagePage,
  newer: MessagePage,
  asked: "before" | "after",
): MessagePage {
  const rows = new Map([...older.rows, ...newer.rows].map((row) => [row.id, row]));
  const edge = asked === "before" ? newer.rows[0]?.id : undefined;
  return {
    rows: [...rows.values()].sort(compareMessages),
    gaps: [...older.gaps, ...newer.gaps.filter((gap) => gap !== edge)],
    before: older.before,
    after: newer.after,
  };
}

/** A page that was read on from an edge, without what is far from there. */
export function withinReach(page: MessagePage, read: "before" | "after"): MessagePage {
  if (page.rows.length <= HELD) return page;
  return read === "before"
    ? { ...page, rows: page.rows.slice(0, HELD), after: "more" }
    : { ...page, rows: page.rows.slice(-HELD), before: "more" };
}

/** Rows as they are shown where nothing in them changed, so that nothing is drawn again. */
export function asTheyAre(rows: readonly MessageRow[], shown: readonly MessageRow[]): MessageRow[] {
  const known = new Map(shown.map((row) => [row.id, row]));
  return rows.map((row) => {
    const before = known.get(row.id);
    return before && JSON.stringify(before) === JSON.stringify(row) ? before : row;
  });
}

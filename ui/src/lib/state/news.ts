import type { MessageRow } from "../bindings";
import { compareMessages } from "../conversation/rows";

/** A message of somebody else that was not there before. */
export interface News {
  message: MessageRow;
  /** After all that was shown; else it was written before some of it, or nothing was there. */
  newest: boolean;
}

/**
 * What is new among rows, after what was shown. Of what was `read`, and not told, only the newest:
 * the rest may be the past of the session.
 */
export function newsAmong(
  rows: readonly MessageRow[],
  shown: readonly MessageRow[],
  read: boolean,
): News[] {
  const known = new Set(shown.map((row) => row.id));
  const last = shown.at(-1);
  return rows.flatMap((message) => {
    if (message.own || known.has(message.id)) return [];
    const newest = last !== undefined && compareMessages(last, message) < 0;
    return newest || !read ? [{ message, newest }] : [];
  });
}

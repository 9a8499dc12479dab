import { describe, expect, it } from "vitest";
import { buildRows } from "../src/lib/conversation/rows";
import { nextStop, standIn, stopIn } from "../src/lib/conversation/stops";
import { message } from "./fixtures";

const NONE: ReadonlySet<string> = new Set();
const DAY = 24 * 60 * 60_000;

/** Rows of messages, each of a day of its own: a header stands before each. */
const rowsOf = (...ids: string[]) =>
  buildRows(
    ids.map((id, place) =>
      message(id, { created_at: place * DAY, role: id === "said" ? "system" : "user" }),
    ),
    undefined,
    NONE,
  );

describe("the tab stop of the messages", () => {
  const rows = rowsOf("a", "said", "b", "c");
  const key = (id: string) => rows.find((row) => row.key === id)?.key;
  const view = { first: key("a"), last: key("b") };

  it("is the one that has the focus, wherever the view is", () => {
    expect(stopIn(rows, "c", "a", view)).toBe("c");
  });

  it("is the one that had it last, while that is in view", () => {
    expect(stopIn(rows, undefined, "said", view)).toBe("said");
    expect(stopIn(rows, undefined, "c", view)).toBe("b");
  });

  it("is the newest in view, else the newest", () => {
    expect(stopIn(rows, undefined, undefined, view)).toBe("b");
    expect(stopIn(rows, undefined, undefined, { first: undefined, last: undefined })).toBe("c");
    const [header] = rows;
    expect(stopIn(rows, undefined, undefined, { first: header?.key, last: header?.key })).toBe("c");
    expect(stopIn([], undefined, undefined, view)).toBeUndefined();
  });

  it("goes from message to message, past headers and along what the system said", () => {
    expect(nextStop(rows, "a", 1)).toBe("said");
    expect(nextStop(rows, "b", -1)).toBe("said");
    expect(nextStop(rows, "c", 1)).toBeUndefined();
    expect(nextStop(rows, "a", -1)).toBeUndefined();
    expect(nextStop(rows, "gone", 1)).toBeUndefined();
  });

  it("is the next one where the message goes, at the end the one before", () => {
    expect(standIn(rows, rowsOf("a", "b", "c"), "said")).toBe("b");
    expect(standIn(rows, rowsOf("a", "said", "b"), "c")).toBe("b");
    expect(standIn(rows, rowsOf("a"), "b")).toBe("a");
    expect(standIn(rows, [], "b")).toBeUndefined();
  });
});

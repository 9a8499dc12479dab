import { describe, expect, it } from "vitest";
import { buildRows, compareMessages, isUnsent } from "../src/lib/conversation/rows";
import { message } from "./fixtures";

const minute = 60_000;
const noon = Date.UTC(2026, 9, 16, 12);

function shape(rows: ReturnType<typeof buildRows>): string[] {
  return rows.map((row) =>
    row.kind === "message"
      ? `${row.key}${row.first ? " first" : ""}${row.last ? " last" : ""}`
      : row.kind,
  );
}

describe("the rows of a conversation", () => {
  it("group one author's messages within five minutes", () => {
    const rows = buildRows(
      [
        message("a", { user_id: "alice", created_at: noon }),
        message("b", { user_id: "alice", created_at: noon + 4 * minute }),
        message("c", { user_id: "alice", created_at: noon + 10 * minute }),
        message("d", { user_id: "bob", created_at: noon + 11 * minute }),
      ],
      undefined,
      new Set(),
    );
    expect(shape(rows)).toEqual(["day", "a first", "b last", "c first last", "d first last"]);
  });

  it("begin a day with a header", () => {
    const rows = buildRows(
      [message("a", { created_at: noon - 86_400_000 }), message("b", { created_at: noon })],
      undefined,
      new Set(),
    );
    expect(shape(rows)).toEqual(["day", "a first last", "day", "b first last"]);
  });

  it("set the unread divider once, and begin a group after it", () => {
    const rows = buildRows(
      [message("a", { created_at: noon }), message("b", { created_at: noon + 1 })],
      "b",
      new Set(),
    );
    expect(shape(rows)).toEqual(["day", "a first last", "unread", "b first last"]);
  });

  it("keep system messages apart and say where something is missing", () => {
    const rows = buildRows(
      [
        message("a", { created_at: noon }),
        message("s", { role: "system", created_at: noon + 1 }),
        message("b", { created_at: noon + 2 }),
        message("c", { created_at: noon + 3 }),
      ],
      undefined,
      new Set(["a", "c"]),
    );
    expect(shape(rows)).toEqual([
      "gap",
      "day",
      "a first last",
      "system",
      "b first last",
      "gap",
      "c first last",
    ]);
    expect(rows.flatMap((row) => (row.kind === "gap" ? [row.start] : []))).toEqual([true, false]);
  });

  it("have keys of their own", () => {
    const rows = buildRows(
      Array.from({ length: 300 }, (_, index) =>
        message(`m${index}`, { created_at: noon + index * 600 * minute }),
      ),
      "m7",
      new Set(["m0", "m20"]),
    );
    expect(new Set(rows.map(({ key }) => key)).size).toBe(rows.length);
  });
});

describe("the order of messages", () => {
  it("is the server's, own unsent ones last", () => {
    const queued = message("q", { own: true, created_at: noon, state: { state: "queued" } });
    const later = message("z", { created_at: noon + minute });
    const same = message("b", { created_at: noon + minute });
    expect([queued, later, same].sort(compareMessages).map(({ id }) => id)).toEqual([
      "b",
      "z",
      "q",
    ]);
  });

  it("keeps the place of a message whose change is waiting", () => {
    const edited = message("e", { own: true, pending_edit: "new", state: { state: "queued" } });
    const going = message("g", { own: true, pending_delete: true, state: { state: "sending" } });
    expect(isUnsent(edited)).toBe(false);
    expect(isUnsent(going)).toBe(false);
  });
});

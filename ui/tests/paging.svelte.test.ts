import { beforeEach, describe, expect, it } from "vitest";
import type { MessagePage } from "../src/lib/bindings";
import { conversation } from "../src/lib/state/conversation.svelte";
import { useBackend } from "../src/lib/state/engine.svelte";
import { HandBackend, message, session } from "./fixtures";

let backend: HandBackend;

function page(ids: string, gaps: string, more: Partial<MessagePage> = {}): MessagePage {
  const row = (id: string) => message(id, { created_at: id.charCodeAt(0) });
  return { rows: [...ids].map(row), gaps: [...gaps], before: "end", after: "end", ...more };
}

async function open(first: MessagePage): Promise<void> {
  conversation.reset();
  const opening = conversation.open("s");
  (await backend.next("open_session")).answer({
    session: session("s"),
    page: first,
    first_unread: null,
    people: [],
  });
  await opening;
}

const shown = () => conversation.messages.map(({ id }) => id).join("");
const gaps = () => [...conversation.gaps].join("");

beforeEach(() => {
  backend = new HandBackend();
  useBackend(backend);
});

describe("the pages of a conversation", () => {
  it("go on over a gap, and keep it in sight", async () => {
    await open(page("xyz", "x", { before: "more" }));
    expect([shown(), gaps()]).toEqual(["xyz", "x"]);
    const older = conversation.loadOlder();
    (await backend.next("messages")).answer(page("abc", "x"));
    await older;
    expect([shown(), gaps(), conversation.before]).toEqual(["abcxyz", "x", "end"]);
  });

  it("lose a gap that was filled meanwhile", async () => {
    await open(page("xyz", "x", { before: "more" }));
    const older = conversation.loadOlder();
    (await backend.next("messages")).answer(page("tuvw", "", { before: "more" }));
    await older;
    expect([shown(), gaps(), conversation.before]).toEqual(["tuvwxyz", "", "more"]);
  });

  it("are not joined to what is shown since: somebody jumped meanwhile", async () => {
    await open(page("mno", "", { before: "more", after: "more" }));
    const older = conversation.loadOlder();
    const asked = await backend.next("messages");
    const latest = conversation.toLatest();
    (await backend.next("messages")).answer(page("xyz", "", { before: "more" }));
    await latest;
    asked.answer(page("jkl", "", { before: "more", after: "more" }));
    await older;
    expect([shown(), conversation.before, conversation.after]).toEqual(["xyz", "more", "end"]);
  });

  it("keep a gap that lies before the newer page", async () => {
    await open(page("abc", "", { after: "more" }));
    const newer = conversation.loadNewer();
    (await backend.next("messages")).answer(page("xyz", "x"));
    await newer;
    expect([shown(), gaps(), conversation.after]).toEqual(["abcxyz", "x", "end"]);
  });
});

describe("what is on screen, read again", () => {
  it("does not take back whoever read on meanwhile", async () => {
    await open(page("xyz", "", { before: "more" }));
    const reading = conversation.reread();
    const again = await backend.next("messages");
    const older = conversation.loadOlder();
    (await backend.next("messages")).answer(page("tuvw", "", { before: "more" }));
    await older;
    again.answer(page("xyz", "", { before: "more" }));
    const anew = await backend.next("messages");
    expect(shown()).toBe("tuvwxyz");
    anew.answer(page("tuvwxyz", "", { before: "more" }));
    await reading;
    expect(shown()).toBe("tuvwxyz");
  });
});

describe("a long way back", () => {
  const rows = (from: number, count: number) =>
    Array.from({ length: count }, (_, at) => message(`m${from + at}`, { created_at: from + at }));
  const pageOf = (from: number, count: number, more: Partial<MessagePage>): MessagePage => ({
    rows: rows(from, count),
    gaps: [],
    before: "more",
    after: "more",
    ...more,
  });

  it("lets go of the newest, and reads them again on the way forth", async () => {
    await open(pageOf(1000, 500, { after: "end" }));
    const older = conversation.loadOlder();
    (await backend.next("messages")).answer(pageOf(880, 120, {}));
    await older;
    expect([conversation.messages.length, conversation.after]).toEqual([600, "more"]);
    expect(conversation.messages[0]?.id).toBe("m880");
    expect(conversation.messages.at(-1)?.id).toBe("m1479");
    const newer = conversation.loadNewer();
    (await backend.next("messages")).answer(pageOf(1480, 20, { after: "end" }));
    await newer;
    expect([conversation.messages.length, conversation.after]).toEqual([600, "end"]);
    expect([conversation.before, conversation.messages[0]?.id]).toEqual(["more", "m900"]);
  });

  it("lets go of the oldest when much comes while the end is read", async () => {
    await open(pageOf(0, 0, { before: "gap", after: "end" }));
    for (let from = 0; from < 900; from += 100) conversation.apply("s", rows(from, 100), [], false);
    expect(conversation.messages.length).toBeLessThanOrEqual(720);
    expect(conversation.messages.at(-1)?.id).toBe("m899");
    expect([conversation.before, conversation.after]).toEqual(["more", "end"]);
  });

  it("keeps what is read when more comes of the other edge", async () => {
    await open(pageOf(1000, 590, { after: "end" }));
    conversation.inView = "m1580";
    const older = conversation.loadOlder();
    (await backend.next("messages")).answer(pageOf(880, 120, {}));
    await older;
    expect([conversation.messages.length, conversation.after]).toEqual([600, "end"]);
    expect([conversation.before, conversation.messages.at(-1)?.id]).toEqual(["more", "m1589"]);
  });

  it("reads at both edges at once, and on from an edge as soon as it is shown", async () => {
    await open(pageOf(1000, 100, {}));
    const older = conversation.loadOlder();
    const asked = await backend.next("messages");
    const newer = conversation.loadNewer();
    const after = await backend.next("messages");
    // Whoever sees the new edge asks in the same moment.
    let next: Promise<void> | undefined;
    const stop = $effect.root(() => {
      $effect(() => {
        if (conversation.messages[0]?.id === "m880") next = conversation.loadOlder();
      });
    });
    asked.answer(pageOf(880, 120, {}));
    await older;
    (await backend.next("messages")).answer(pageOf(760, 120, {}));
    await next;
    after.answer(pageOf(1100, 120, { after: "end" }));
    await newer;
    stop();
    expect([conversation.messages[0]?.id, conversation.before]).toEqual(["m760", "more"]);
    expect([conversation.messages.at(-1)?.id, conversation.after]).toEqual(["m1219", "end"]);
  });

  it("lets go of the newest when much is read again while the start is read", async () => {
    await open(pageOf(0, 700, { before: "end", after: "end" }));
    conversation.inView = "m3";
    const reading = conversation.reread();
    (await backend.next("messages")).answer(pageOf(0, 900, { before: "end", after: "end" }));
    await reading;
    expect([conversation.messages.length, conversation.after]).toEqual([600, "more"]);
    expect([conversation.before, conversation.messages[0]?.id]).toEqual(["end", "m0"]);
  });

  it("keeps a row as it is shown where a reading brings the same", async () => {
    await open(pageOf(1, 3, { before: "end", after: "end" }));
    const [first, second] = conversation.messages;
    const reading = conversation.reread();
    const again = pageOf(1, 3, { before: "end", after: "end" });
    again.rows[1] = message("m2", { created_at: 2, content: "Changed" });
    (await backend.next("messages")).answer(again);
    await reading;
    expect(conversation.messages[0]).toBe(first);
    expect(conversation.messages[1]).not.toBe(second);
    expect(conversation.messages[1]?.content).toBe("Changed");
  });
});

describe("a reply that was overtaken by an event", () => {
  const state = () => conversation.messages.map((row) => row.state.state);

  it("does not bring back the state that a sent message had", async () => {
    await open(page("ab", ""));
    const sending = conversation.send("c");
    const asked = await backend.next("send_message");
    const own = message("c", { own: true, created_at: 200 });
    conversation.apply("s", [own], [], false);
    asked.answer({ ...own, state: { state: "queued" } });
    await sending;
    expect([shown(), state().at(-1)]).toEqual(["abc", "delivered"]);
  });

  it("does not bring back a message that was deleted, nor a text that was changed", async () => {
    await open(page("xyz", "", { before: "more" }));
    const older = conversation.loadOlder();
    const asked = await backend.next("messages");
    const b = message("b", { created_at: 98 });
    conversation.apply("s", [{ ...b, content: "changed" }], ["a"], false);
    asked.answer(page("abc", "", { before: "end" }));
    await older;
    expect(shown()).toBe("bcxyz");
    expect(conversation.messages[0]?.content).toBe("changed");
  });

  it("shows what came between two openings once", async () => {
    conversation.reset();
    const opening = conversation.open("s");
    const asked = await backend.next("open_session");
    conversation.apply("s", [message("b", { created_at: 98 })], [], false);
    conversation.apply("other", [message("z", { created_at: 99 })], [], false);
    asked.answer({
      session: session("s"),
      page: page("ab", ""),
      first_unread: null,
      people: [],
    });
    await opening;
    expect(shown()).toBe("ab");
  });
});

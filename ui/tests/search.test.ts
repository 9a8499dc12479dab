import { fireEvent, render, screen, waitFor } from "@testing-library/svelte";
import { tick } from "svelte";
import { beforeEach, describe, expect, it } from "vitest";
import type { MessageRow, SearchHit, SearchReply } from "../src/lib/bindings";
import { asked } from "../src/lib/search/filters";
import { foundIn, marked } from "../src/lib/search/marks";
import SearchPage from "../src/lib/search/SearchPage.svelte";
import { view } from "../src/lib/state/view.svelte";
import Menu from "../src/lib/ui/Menu.svelte";
import { backend, beginAnew } from "./slash";

const AT = Date.UTC(2026, 9, 13, 14, 20);

function hit(message: string, session = "data", more: Partial<SearchHit> = {}): SearchHit {
  return {
    message,
    session,
    session_title: `About ${session}`,
    user_id: "maya",
    author: "Maya",
    own: false,
    role: "user",
    created_at: AT,
    parts: [
      { text: "The ", hit: false },
      { text: "Rétention", hit: true },
      { text: " policy", hit: false },
    ],
    ...more,
  };
}

function reply(...hits: SearchHit[]): SearchReply {
  return { hits, more: false, searched: 48_213, total: 48_213, scanned: null };
}

const message = (id: string, content: string) =>
  ({
    id,
    session: "data",
    user_id: "maya",
    author: "Maya",
    own: false,
    role: "user",
    kind: "text",
    content,
    metadata: {},
    created_at: AT,
    edited: false,
    incomplete: false,
    state: { state: "delivered" },
  }) as unknown as MessageRow;

beforeEach(() => {
  // Wide enough for three columns.
  Reflect.get(window, "happyDOM").setViewport({ width: 1280, height: 800 });
  beginAnew();
  view.results = "retention";
});

describe("the page of all hits", () => {
  it("says where it did not look everywhere", async () => {
    render(SearchPage);
    const { answer } = await backend.next("search");
    answer({ ...reply(hit("m1")), scanned: 20_000, examined: 1_000 });
    const limits = await screen.findAllByTestId("search-limit");
    expect(limits.map((limit) => limit.textContent)).toEqual([
      "Parts of words were looked for in the newest 20,000 messages only.",
      "Punctuation was compared in the newest 1,000 messages with these words only.",
    ]);
    expect(screen.getByRole("status").textContent).toBe(
      "1 result in 1 session · 48,213 messages searched on this device",
    );
  });

  it("groups them by session and reads the first in its conversation, marked", async () => {
    render(SearchPage);
    const { args, answer } = await backend.next("search");
    expect(args).toEqual({ query: "retention", limit: 200 });
    answer(reply(hit("m1"), hit("m2", "other"), hit("m3")));
    expect(await screen.findAllByTestId("result")).toHaveLength(3);
    const titles = screen.getAllByRole("heading", { level: 2 }).map((each) => each.textContent);
    expect(titles[0]).toContain("About data");
    const page = await backend.next("messages");
    expect(page.args).toMatchObject({ session: "data", at: { at: "around_here", message: "m1" } });
    page.answer({
      rows: [message("m0", "Retention?"), message("m1", "The Rétention policy, and more")],
      gaps: [],
      before: "end",
      after: "end",
    });
    const context = screen.getByTestId("context");
    await waitFor(() => expect(context.querySelectorAll("article")).toHaveLength(2));
    const marks = [...context.querySelectorAll("mark")].map((mark) => mark.textContent);
    expect(marks).toEqual(["Rétention"]);
    expect(context.querySelector("[aria-current]")?.textContent).toContain("and more");
    // Another one that gets the focus is read instead.
    await fireEvent.focus(screen.getAllByTestId("result")[2] as HTMLElement);
    expect((await backend.next("messages")).args).toMatchObject({
      at: { at: "around_here", message: "m2" },
    });
  });

  it("narrows by each filter, and lets go of it", async () => {
    render(SearchPage);
    render(Menu);
    (await backend.next("search")).answer(reply(hit("m1")));
    await screen.findByTestId("result");
    const choose = async (part: string, value: string) => {
      await fireEvent.click(screen.getByTestId(`filter-${part}`));
      const options = await screen.findAllByTestId(`filter-${part}-option`);
      const option = options.find(({ dataset }) => dataset.value === value);
      await fireEvent.click(option as HTMLElement);
      const { args, answer } = await backend.next("search");
      answer(reply(hit("m1")));
      await tick();
      return (args as { filter: unknown }).filter;
    };
    const none = { from: null, session: null, kind: null, after: null, before: null };
    const maya = { from: { who: "user", user_id: "maya" } };
    expect(await choose("from", "maya")).toEqual({ ...none, ...maya });
    const both = { ...maya, session: "data" };
    expect(await choose("session", "data")).toEqual({ ...none, ...both });
    expect(await choose("kind", "voice")).toEqual({ ...none, ...both, kind: "voice" });
    expect(await choose("time", "before")).toMatchObject({ ...both, before: expect.any(Number) });
    const chip = screen.getByRole("button", { name: "From: From Maya, remove this filter" });
    await fireEvent.click(chip);
    const { args } = await backend.next("search");
    expect(args).toMatchObject({ filter: { from: null, session: "data", kind: "voice" } });
  });

  it("says what may have been meant, and searches for it", async () => {
    view.results = "retnetion";
    render(SearchPage);
    (await backend.next("search")).answer(reply());
    const { args, answer } = await backend.next("suggest");
    expect(args).toEqual({ query: "retnetion" });
    answer({ query: "retention" });
    await fireEvent.click(await screen.findByTestId("suggestion"));
    expect(view.results).toBe("retention");
    expect((await backend.next("search")).args).toMatchObject({ query: "retention" });
  });

  it("says why a query cannot be read, and asks nothing without one", async () => {
    view.results = "";
    render(SearchPage);
    await tick();
    expect(backend.asked).toEqual([]);
    view.results = "before:soon";
    (await backend.next("search")).refuse({ code: "invalid", message: "a date, such as 2026" });
    expect(await screen.findByText(/a date, such as 2026/)).toBeTruthy();
    expect(screen.queryByTestId("result")).toBeNull();
  });
});

describe("filters and marks", () => {
  it("begin days at the local midnight", () => {
    const now = new Date(2026, 9, 13, 14, 20).getTime();
    expect(asked({}, now)).toBeUndefined();
    const since = (time: "today" | "week" | "year") => asked({ time }, now)?.after;
    expect(since("today")).toBe(new Date(2026, 9, 13).getTime());
    expect(since("week")).toBe(new Date(2026, 9, 7).getTime());
    expect(since("year")).toBe(new Date(2026, 0, 1).getTime());
    expect(asked({ time: "before" }, now)).toMatchObject({
      after: null,
      before: new Date(2026, 0, 1).getTime(),
    });
  });

  it("mark what was found as it is written, and keep every letter", () => {
    expect(foundIn(hit("m"))).toEqual(["rétention"]);
    const parts = marked("abcabx", ["ab", "bc"]);
    expect(parts.map(({ text }) => text).join("")).toBe("abcabx");
    expect(parts.filter((part) => part.hit).map(({ text }) => text)).toEqual(["ab", "c", "ab"]);
  });
});

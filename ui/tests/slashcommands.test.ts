import { render, screen } from "@testing-library/svelte";
import { tick } from "svelte";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import Composer from "../src/lib/conversation/Composer.svelte";
import { speak } from "../src/lib/i18n";
import CommandList from "../src/lib/settings/CommandList.svelte";
import { app } from "../src/lib/state/app.svelte";
import { conversation } from "../src/lib/state/conversation.svelte";
import { market } from "../src/lib/state/market.svelte";
import { settings as held } from "../src/lib/state/settings.svelte";
import { view } from "../src/lib/state/view.svelte";
import { toast } from "../src/lib/ui/toast.svelte";
import { message, session, settings } from "./fixtures";
import { quote } from "./openchart";
import { asked, backend, beginAnew, field, names, open, press, project, write } from "./slash";

beforeEach(beginAnew);

afterEach(() => speak("en"));

describe("a command", () => {
  it("is done with Enter while it is the chosen one, and the field is free", async () => {
    await open({ draft: "/arch" });
    render(Composer);
    await write("/arch");
    await press("Enter");
    const change = await backend.next("update_session");
    expect(change.args).toEqual({ session: "s", title: null, status: "archived" });
    expect(field().value).toBe("");
    // The kept draft is gone with it.
    expect((await backend.next("set_draft")).args).toEqual({ session: "s", text: "" });
    expect(asked()).toEqual([]);
  });

  it("opens the editor of alerts filled in", async () => {
    await open();
    render(Composer);
    await write("/alert btc above $70,000");
    await press("Enter");
    await expect
      .poll(() => view.overlay)
      .toEqual({
        kind: "alert",
        id: undefined,
        form: {
          symbol: "BTC",
          condition: { kind: "above", price: "70000", rearm_percent: null },
        },
      });
    expect(field().value).toBe("");
    expect(asked()).toEqual([]);
  });

  it("takes figures and words of the language", async () => {
    await speak("de");
    await open();
    render(Composer);
    await write("/alert Ethereum unter 3.000,50");
    await press("Enter");
    await expect
      .poll(() => view.overlay)
      .toMatchObject({
        form: { symbol: "ETH", condition: { kind: "below", price: "3000.50" } },
      });
  });

  it.each([
    ["/alert BTC beside 7", "“beside”"],
    ["/alert BTC above much", "“much” is not a price."],
    ["/alert BTC above 0", "“0” is not a price."],
    ["/price", "/price BTC"],
    ["/chart BTC 2w", "/chart BTC 1w"],
    ["/watch BTC ETH", "/watch ETH"],
    ["/date 2026-02-30", "This is not a day."],
    ["/date 2999-01-01", "is in the future"],
    ["/export pdf", "/export json"],
    ["/archive now", "/archive"],
  ])("says what is wrong with %j, and keeps it", async (text, said) => {
    await open();
    render(Composer);
    await write(text);
    await press("Enter");
    // A name with a place behind it is completed first.
    if (screen.queryByTestId("slash-problem") === null) await press("Enter");
    expect(screen.getByTestId("slash-problem").textContent).toContain(said);
    expect(field().value.trim()).toBe(text);
    expect(field().getAttribute("aria-invalid")).toBe("true");
    expect(asked()).toEqual([]);
    await write(`${text}0`);
    expect(screen.queryByTestId("slash-problem")).toBeNull();
  });

  it("gives the text back when the engine finds what is wrong", async () => {
    await open();
    render(Composer);
    await write("/watch DOGE");
    (await backend.next("symbols")).answer([quote("67893.40")]);
    await press("Enter");
    expect(field().value).toBe("");
    (await backend.next("symbols")).answer([quote("67893.40")]);
    await expect.poll(() => field().value).toBe("/watch DOGE");
    await expect
      .poll(() => screen.queryByTestId("slash-problem")?.textContent)
      .toContain("There is no price for DOGE. Known are BTC.");
  });

  it("gives the text back when it is refused, after what was begun meanwhile", async () => {
    await open();
    render(Composer);
    await write("/rename Other plans");
    await press("Enter");
    const change = await backend.next("update_session");
    expect(change.args).toEqual({ session: "s", title: "Other plans", status: null });
    await write("Next");
    change.refuse({ code: "storage", message: "No space left on this disk.", details: null });
    await expect.poll(() => field().value).toBe("/rename Other plans\n\nNext");
    await expect
      .poll(() => screen.queryByTestId("slash-problem")?.textContent)
      .toContain("No space left on this disk.");
  });

  it("watches, and can take it back", async () => {
    await open();
    render(Composer);
    await write("/watch bitcoin");
    (await backend.next("symbols")).answer([quote("67893.40")]);
    await tick();
    await press("Enter");
    // What is watched already is not lost, though it was not read yet.
    (await backend.next("watch_list")).answer([{ ...quote("3512.08"), symbol: "ETH" }]);
    const listed = await backend.next("set_watch_list");
    expect(listed.args).toEqual({ symbols: ["ETH", "BTC"] });
    listed.answer([{ ...quote("3512.08"), symbol: "ETH" }, quote("67893.40")]);
    await expect.poll(() => toast.current?.text).toBe("BTC is on the watch-list.");
    toast.current?.action?.run();
    expect((await backend.next("set_watch_list")).args).toEqual({ symbols: ["ETH"] });
  });

  it("tells a price, and from when it is where it is old", async () => {
    await open();
    render(Composer);
    await write("/price btc");
    await press("Enter");
    await expect.poll(() => toast.current?.text).toContain("BTC is at 67,893.40");
    market.setInTouch(false);
    await write("/price btc");
    await press("Enter");
    await expect.poll(() => toast.current?.text).toMatch(/BTC is at 67,893\.40.* \(from /);
    market.setInTouch(true);
    expect(asked()).toEqual([]);
  });

  it("jumps to a day, or asks for one", async () => {
    await open();
    render(Composer);
    await write("/date 2026-03-01");
    await press("Enter");
    const found = await backend.next("find_date");
    expect(found.args).toEqual({ session: "s", at: new Date(2026, 2, 1).getTime() });
    found.answer({ message: null, certain: true });
    await expect.poll(() => field().value).toBe("/date 2026-03-01");
    await write("/date");
    await press("Enter");
    expect(view.overlay).toEqual({ kind: "date", session: "s" });
  });

  it("makes a session, and leaves nothing of it in the one before", async () => {
    await open();
    render(Composer);
    await write("/new Lunch at noon");
    conversation.keepDraft();
    const kept = await backend.next("set_draft");
    expect(kept.args).toEqual({ session: "s", text: "/new Lunch at noon" });
    kept.answer({});
    await press("Enter");
    const made = await backend.next("create_session");
    expect(made.args).toEqual({ title: "Lunch at noon" });
    made.answer(session("n", { title: "Lunch at noon" }));
    await backend.next("open_session");
    expect((await backend.next("set_draft")).args).toEqual({ session: "s", text: "" });
    expect(backend.names()).not.toContain("set_draft");
  });

  it("finds and searches what is written behind it", async () => {
    await open();
    render(Composer);
    await write("/find the plan ");
    await press("Enter");
    expect([conversation.finding, conversation.sought]).toEqual([true, "the plan"]);
    await write("/search the plan");
    await press("Enter");
    expect(view.results).toBe("the plan");
  });

  it("works without a connection as with one", async () => {
    app.connection = { state: "offline", since: 0, retry_at: null, reason: null, project: null };
    await open();
    render(Composer);
    await write("/mute");
    await press("Enter");
    expect((await backend.next("notify_session")).args).toEqual({ session: "s", notify: "muted" });
  });

  it("is done with Ctrl+Enter where that sends", async () => {
    held.take({ ...settings, enter_sends: false });
    await open();
    render(Composer);
    await write("/rename Other");
    expect(await press("Enter")).toBe(false);
    await press("Enter", { ctrlKey: true });
    await backend.next("update_session");
    await write("/arch");
    await press("Enter", { ctrlKey: true });
    expect((await backend.next("update_session")).args).toMatchObject({ status: "archived" });
  });
});

describe("what is not possible here", () => {
  it("is not offered, and says why where it is written all the same", async () => {
    app.shares = false;
    held.take({ ...settings, prices: false, presence: false });
    await open({ role: "member" });
    render(Composer);
    await write("/");
    for (const name of ["rename", "archive", "invite", "join", "alert", "price", "away"]) {
      expect(names()).not.toContain(name);
    }
    expect(names()).toEqual(expect.arrayContaining(["find", "mute", "leave", "new"]));
    for (const [text, said] of [
      ["/archive", "Only the owner"],
      ["/join", "cannot be shared"],
      ["/price BTC", "Prices are switched off"],
      ["/away", "Presence is switched off"],
    ] as const) {
      await write(text);
      await press("Enter");
      expect(screen.getByTestId("slash-problem").textContent).toContain(said);
      expect(field().value).toBe(text);
    }
    expect(asked()).toEqual([]);
  });

  it("is not asked of somebody who may only read", async () => {
    await open({ role: "reader" });
    render(Composer);
    expect(screen.queryByTestId("slash-open")).toBeNull();
  });
});

describe("the local workspace", () => {
  beforeEach(async () => {
    app.workspaces = [{ ...project, local: true }];
    app.shares = false;
    await open({ role: null });
    render(Composer);
  });

  it("offers what its assistant answers, and sends it as it was written", async () => {
    await write("/");
    expect(names().slice(0, 3)).toEqual(["alert", "price", "help"]);
    expect(new Set(names()).size).toBe(names().length);
    expect(screen.getAllByTestId("slash-option")[0]?.textContent).toContain("Assistant");
    for (const text of ["/price BTC", "/price", "/help", "/alert BTC above 70000"]) {
      await write(text);
      await press("Enter");
      const sent = await backend.next("send_message");
      expect(sent.args).toMatchObject({ content: text });
      sent.answer(message("b", { own: true, content: text }));
      expect(field().value).toBe("");
    }
  });

  it("says what is wrong before the assistant has to", async () => {
    for (const text of ["/alert", "/alert BTC", "/alert BTC above much"]) {
      await write(text);
      await press("Enter");
      if (screen.queryByTestId("slash-problem") === null) await press("Enter");
      expect(screen.getByTestId("slash-problem").textContent).toContain("/alert BTC above 70,000");
    }
    expect(asked()).toEqual([]);
  });
});

describe("the page of shortcuts", () => {
  it("lists every command of the workspace once", () => {
    render(CommandList);
    const listed = [...screen.getByTestId("command-list").querySelectorAll("b")];
    const texts = listed.map((each) => each.textContent);
    expect(texts).toEqual(expect.arrayContaining(["/alert", "/archive", "/help"]));
    expect(new Set(texts).size).toBe(texts.length);
  });
});

import { fireEvent, render, screen, waitFor } from "@testing-library/svelte";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readDay, writeDay } from "../src/lib/conversation/calendar";
import { moved, weeks } from "../src/lib/conversation/month";
import { bytes } from "../src/lib/format/number";
import RetentionSetting from "../src/lib/settings/RetentionSetting.svelte";
import SizeList from "../src/lib/settings/SizeList.svelte";
import Overlays from "../src/lib/shell/Overlays.svelte";
import { openSessionMenu } from "../src/lib/sidebar/sessionMenu";
import { conversation } from "../src/lib/state/conversation.svelte";
import { useBackend } from "../src/lib/state/engine.svelte";
import { settings as held } from "../src/lib/state/settings.svelte";
import { view } from "../src/lib/state/view.svelte";
import Menu from "../src/lib/ui/Menu.svelte";
import { toast } from "../src/lib/ui/toast.svelte";
import { HandBackend, message, opened, session, settings } from "./fixtures";

let backend: HandBackend;

beforeEach(() => {
  backend = new HandBackend();
  useBackend(backend);
  held.begin(settings);
});

afterEach(() => {
  view.overlay = undefined;
  conversation.reset();
});

function choice(keep: string): HTMLElement {
  const found = document.querySelector<HTMLElement>(`[data-value=${keep}]`);
  if (!found) throw new Error(`no choice ${keep}`);
  return found;
}

describe("how long messages are kept", () => {
  it("is asked about with what would be removed, and changes nothing until it is confirmed", async () => {
    render(RetentionSetting);
    render(Overlays);
    await fireEvent.click(choice("months"));
    const preview = await backend.next("preview_retention");
    expect(preview.args).toEqual({ retention: { keep: "months", months: 12 } });
    preview.answer({ messages: 1200, bytes: 3 << 20, sessions: 4 });
    const dialog = await screen.findByTestId("confirm");
    expect(dialog.textContent).toContain("About 1,200 messages");
    expect(dialog.textContent).toMatch(/3.MiB/);
    expect(backend.names()).toEqual([]);
    await fireEvent.click(screen.getByTestId("confirm-action"));
    const change = await backend.next("set_settings");
    expect(change.args).toMatchObject({
      settings: { retention: { keep: "months", months: 12 } },
    });
  });

  it("is changed at once when nothing would be removed", async () => {
    render(RetentionSetting);
    await fireEvent.click(choice("size"));
    const preview = await backend.next("preview_retention");
    preview.answer({ messages: 0, bytes: 0, sessions: 0 });
    const change = await backend.next("set_settings");
    change.answer({ ...settings, retention: { keep: "size", mib: 1024 } });
    const field = await screen.findByTestId<HTMLInputElement>("setting-retention-mib");
    expect(field.value).toBe("1024");
    // A refusal is said where it was typed.
    await fireEvent.input(field, { target: { value: "10" } });
    await fireEvent.change(field);
    const refused = await backend.next("preview_retention");
    expect(refused.args).toEqual({ retention: { keep: "size", mib: 10 } });
    refused.refuse({ code: "invalid", message: "Between 50 and more.", details: null });
    expect((await screen.findByRole("alert")).textContent).toContain("Between 50 and more.");
    expect(field.value).toBe("10");
  });
});

describe("what sessions take on this computer", () => {
  const size = (id: string, unsent: number) => ({
    session: id,
    title: id,
    messages: 10,
    bytes: 2048,
    unsent,
  });

  async function listed(): Promise<void> {
    render(SizeList);
    render(Overlays);
    (await backend.next("storage")).answer({
      bytes: 5 << 20,
      index_bytes: 1 << 20,
      free_bytes: 0,
      messages: 20,
      unindexed: 3,
      oldest: 0,
      sessions: [size("a", 0), size("b", 2)],
      cleaned: null,
    });
    await screen.findAllByTestId("size-row");
  }

  it("is told with the part of the search index, and can be removed by session", async () => {
    await listed();
    const total = screen.getByTestId("storage-total").textContent;
    expect(total).toMatch(/20 messages take 5.MiB, of which 1.MiB/);
    expect(total).toContain("3 messages are not in the search index yet");
    await fireEvent.click(screen.getAllByTestId("size-remove")[0] as HTMLElement);
    await fireEvent.click(await screen.findByTestId("confirm-action"));
    const removal = await backend.next("remove_from_device");
    expect(removal.args).toEqual({ session: "a" });
    removal.answer({ messages: 10, bytes: 2048, sessions: 1 });
    await waitFor(() => expect(toast.current?.text).toContain("10 messages"));
  });

  it("is not removed while changes exist nowhere else: it leads to them", async () => {
    await listed();
    await fireEvent.click(screen.getAllByTestId("size-remove")[1] as HTMLElement);
    const dialog = await screen.findByTestId("confirm");
    expect(dialog.textContent).toContain("2 changes in it have not been sent");
    await fireEvent.click(screen.getByTestId("confirm-action"));
    expect(view.overlay).toEqual({ kind: "outbox" });
    expect(backend.names()).not.toContain("remove_from_device");
  });

  it("leaves the session that is removed, so that it is not fetched at once", async () => {
    const opening = conversation.open("s");
    (await backend.next("open_session")).answer(opened("s"));
    await opening;
    render(Menu);
    render(Overlays);
    openSessionMenu(document.body, session("s"));
    await fireEvent.click(await screen.findByTestId("session-remove-here"));
    await fireEvent.click(await screen.findByTestId("confirm-action"));
    await backend.next("remove_from_device");
    expect(conversation.id).toBeUndefined();
  });
});

describe("a date to jump to", () => {
  async function asked(typed: string): Promise<void> {
    view.overlay = { kind: "date", session: "s" };
    render(Overlays);
    const field = await screen.findByTestId("date-field");
    await fireEvent.input(field, { target: { value: typed } });
    await fireEvent.click(screen.getByTestId("date-go"));
  }

  it("is found and opened", async () => {
    await asked("2026-03-14");
    const search = await backend.next("find_date");
    expect(search.args).toEqual({ session: "s", at: new Date(2026, 2, 14).getTime() });
    search.answer({ message: "m", certain: true });
    (await backend.next("open_session")).answer({
      ...opened("s"),
      page: { rows: [message("m")], gaps: [], before: "end", after: "end" },
    });
    await waitFor(() => expect(conversation.marked).toBe("m"));
    expect(view.overlay).toBeUndefined();
  });

  it("is said to be missing, or to be none", async () => {
    await asked("2026-02-31");
    expect((await screen.findByRole("alert")).textContent).toContain("not a day");
    expect(backend.names()).toEqual([]);
    const field = screen.getByTestId("date-field");
    await fireEvent.input(field, { target: { value: "2026-03-14" } });
    await fireEvent.click(screen.getByTestId("date-go"));
    (await backend.next("find_date")).answer({ message: null, certain: false });
    await waitFor(() =>
      expect(screen.getByRole("alert").textContent).toContain("not on this computer"),
    );
  });

  it("is chosen by the arrow keys, and never in the future", async () => {
    view.overlay = { kind: "date", session: "s" };
    render(Overlays);
    const field = await screen.findByTestId<HTMLInputElement>("date-field");
    const today = readDay(field.value);
    const chosen = () => document.querySelector("[data-testid=day][aria-pressed=true]");
    await fireEvent.keyDown(chosen() as HTMLElement, { key: "ArrowRight" });
    expect(readDay(field.value)).toEqual(today);
    await fireEvent.keyDown(chosen() as HTMLElement, { key: "ArrowUp" });
    const { y, m, d } = {
      y: today?.getFullYear() ?? 0,
      m: today?.getMonth() ?? 0,
      d: today?.getDate() ?? 0,
    };
    await waitFor(() => expect(readDay(field.value)).toEqual(new Date(y, m, d - 7)));
  });
});

it("draws whole weeks around a month, from any first day", () => {
  const march = weeks(2026, 2, 1);
  expect(march.length).toBe(6);
  expect(march[0]?.map((day) => writeDay(day.date))[0]).toBe("2026-02-23");
  expect(march.flat().filter((day) => day.within).length).toBe(31);
  expect(weeks(2026, 1, 0).length).toBe(4);
});

it("moves by days, weeks and months, also to shorter ones", () => {
  const end = new Date(2026, 2, 31);
  expect(moved(end, "PageUp")).toEqual(new Date(2026, 1, 28));
  expect(moved(end, "PageDown")).toEqual(new Date(2026, 3, 30));
  expect(moved(end, "ArrowRight")).toEqual(new Date(2026, 3, 1));
  expect(moved(end, "a")).toBeUndefined();
});

it("writes sizes in the unit that suits them", () => {
  expect(bytes(0)).toMatch(/^0.KiB$/);
  expect(bytes(2100)).toMatch(/^3.KiB$/);
  expect(bytes(3.14 * (1 << 20))).toMatch(/^3\.1.MiB$/);
  expect(bytes(5 * 2 ** 30)).toMatch(/^5.GiB$/);
});

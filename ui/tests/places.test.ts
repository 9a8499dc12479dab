import { fireEvent, render, screen, waitFor } from "@testing-library/svelte";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { QuoteRow, SessionRow } from "../src/lib/bindings";
import { commands } from "../src/lib/palette/commands";
import Palette from "../src/lib/palette/Palette.svelte";
import { confirmRemoval } from "../src/lib/settings/removal";
import Overlays from "../src/lib/shell/Overlays.svelte";
import { app } from "../src/lib/state/app.svelte";
import { conversation } from "../src/lib/state/conversation.svelte";
import { useBackend } from "../src/lib/state/engine.svelte";
import { market } from "../src/lib/state/market.svelte";
import { sessions } from "../src/lib/state/sessions.svelte";
import { settings as held } from "../src/lib/state/settings.svelte";
import { view } from "../src/lib/state/view.svelte";
import { HandBackend, opened, session, settings } from "./fixtures";

let backend: HandBackend;

beforeEach(async () => {
  backend = new HandBackend();
  useBackend(backend);
  held.begin(settings);
  await listed([session("Plans")]);
});

afterEach(() => {
  view.overlay = undefined;
  view.showMain();
  view.column = "conversation";
  view.tab = "market";
  conversation.reset();
  sessions.clear();
  market.clear();
});

async function listed(rows: SessionRow[]): Promise<void> {
  const loading = sessions.load();
  (await backend.next("sessions")).answer(rows);
  await loading;
}

const quote = (symbol: string): QuoteRow => ({
  symbol,
  name: symbol,
  price: "1",
  change_24h: null,
  change_percentage_24h: null,
  market_cap: null,
  volume_24h: null,
  time: 0,
  stale: false,
  watched: true,
  spark: [],
});

/** The pages that cover the whole window. */
const PAGES = [
  ["the settings", () => (view.settings = "storage")],
  ["adding a project", () => (view.adding = true)],
] as const;
const covered = () => view.settings !== undefined || view.adding;

describe.each(PAGES)("%s", (_, cover) => {
  it("are left for a session that is chosen in the palette", async () => {
    cover();
    render(Palette, { query: "#Plans" });
    await fireEvent.keyDown(screen.getByTestId("palette-input"), { key: "Enter" });
    expect(covered()).toBe(false);
    (await backend.next("open_session")).answer(opened("Plans"));
    await waitFor(() => expect(conversation.ready).toBe(true));
  });

  it("are left for a symbol", async () => {
    cover();
    void app.openChart("BTC");
    (await backend.next("watch_list")).answer([quote("BTC")]);
    await backend.next("price_history");
    expect([covered(), view.tab, market.open]).toEqual([false, "market", "BTC"]);
  });

  it.each(["details", "market", "alerts", "panel"])("are left for %s", (id) => {
    cover();
    commands()
      .find((each) => each.id === id)
      ?.run();
    expect([covered(), view.panelShown]).toEqual([false, true]);
  });

  it("are left for all hits of a search", async () => {
    cover();
    render(Palette, { query: "words" });
    await fireEvent.keyDown(screen.getByTestId("palette-input"), { key: "Enter", ctrlKey: true });
    expect([covered(), view.results]).toEqual([false, "words"]);
  });
});

it("what is unsent is shown where it stands, from the settings too", async () => {
  view.settings = "storage";
  confirmRemoval("Plans", "Plans", 1);
  render(Overlays);
  await fireEvent.click(screen.getByTestId("confirm-action"));
  (await backend.next("outbox")).answer([
    {
      seq: 1,
      session: "Plans",
      session_title: "Plans",
      message: null,
      change: "send",
      text: "unsent",
      state: { state: "queued" },
      attempts: 0,
      created_at: 0,
    },
  ]);
  await fireEvent.click(await screen.findByText("unsent"));
  expect((await backend.next("open_session")).args).toEqual({ session: "Plans" });
  expect(view.settings).toBeUndefined();
});

it("one page is left for the other", () => {
  view.adding = true;
  view.settings = "account";
  expect([view.adding, view.settings]).toEqual([false, "account"]);
  view.adding = true;
  expect([view.adding, view.settings]).toEqual([true, undefined]);
  view.adding = false;
  expect(covered()).toBe(false);
});

it("the chart that a notification names stays open, though its symbol was not watched", async () => {
  const loading = market.load();
  (await backend.next("watch_list")).answer([quote("BTC")]);
  await loading;
  void app.show({ place: "chart", symbol: "ETH" });
  const asked = await backend.next("set_watch_list");
  expect(asked.args).toEqual({ symbols: ["BTC", "ETH"] });
  asked.answer([quote("BTC"), quote("ETH")]);
  await backend.next("price_history");
  const again = market.load();
  (await backend.next("watch_list")).answer([quote("BTC"), quote("ETH")]);
  await again;
  expect(market.open).toBe("ETH");
});

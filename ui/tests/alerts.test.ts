import { fireEvent, render, screen, waitFor } from "@testing-library/svelte";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import AlertEditor from "../src/lib/alerts/AlertEditor.svelte";
import { draftOf, formOf, KINDS, ofKind, tagsOf, unreadable } from "../src/lib/alerts/form";
import { pastSaid } from "../src/lib/alerts/past";
import SnoozeDialog from "../src/lib/alerts/SnoozeDialog.svelte";
import type { ConditionForm, RuleForm, RulePast, RuleRow } from "../src/lib/bindings";
import { speak } from "../src/lib/i18n";
import AlertsTab from "../src/lib/panel/AlertsTab.svelte";
import { alerts, distanceOf, isArmed } from "../src/lib/state/alerts.svelte";
import { useBackend } from "../src/lib/state/engine.svelte";
import { market } from "../src/lib/state/market.svelte";
import Menu from "../src/lib/ui/Menu.svelte";
import { closeMenu } from "../src/lib/ui/menu.svelte";
import { HandBackend } from "./fixtures";
import { firing } from "./openchart";

let backend: HandBackend;

const HOUR = 3_600_000;

function form(condition: ConditionForm, more: Partial<RuleForm> = {}): RuleForm {
  return {
    symbol: "BTC",
    condition,
    repeat: "every",
    cooldown_s: 300,
    expires_at: null,
    tags: [],
    message: null,
    ...more,
  };
}

const line: ConditionForm = { kind: "above", price: "70000", rearm_percent: "0.1" };

function row(id: string, more: Partial<RuleRow> = {}): RuleRow {
  return {
    id,
    form: form(line),
    sentence: `Rule ${id}`,
    enabled: true,
    off_since: null,
    done: false,
    expired: false,
    paused: null,
    snoozed_until: null,
    muted: false,
    last_fired: null,
    distance_percent: null,
    waits_for: { below: null, above: null },
    ...more,
  };
}

function quote(symbol: string, price: string) {
  return {
    symbol,
    name: null,
    price,
    change_24h: null,
    change_percentage_24h: null,
    market_cap: null,
    volume_24h: null,
    time: 0,
    stale: false,
    watched: true,
    spark: [],
  };
}

beforeEach(() => {
  backend = new HandBackend();
  useBackend(backend);
  market.clear();
  alerts.clear();
});

afterEach(async () => {
  closeMenu();
  await speak("en");
});

/** The menu of the only row, with its items by test id. */
async function openMenuOfRow(): Promise<void> {
  await fireEvent.click(screen.getAllByLabelText("More")[1] as HTMLElement);
}

describe("the form of a rule", () => {
  const conditions: ConditionForm[] = [
    line,
    { kind: "crosses", price: "0.5", rearm_percent: "0" },
    { kind: "moves", percent: "2", window_s: 900, direction: "down" },
    { kind: "change_24h", side: "below", percent: "-5", rearm_points: "0.25" },
    { kind: "leaves_range", low: "1", high: "2", rearm_percent: "0.1" },
    { kind: "trailing", side: "falls", percent: "5" },
    { kind: "trailing", side: "rises", percent: "150" },
    { kind: "new_extreme", extreme: "either", window_s: 86_400, rearm_percent: "0.5" },
    { kind: "step", step: "1000", base: "500", rearm_percent: "20" },
    { kind: "step", step: "1000", base: "-500.5", rearm_percent: "20" },
    { kind: "volume", side: "above", value: "9000000000000000001", rearm_percent: "1" },
    { kind: "market_cap", side: "below", value: "500", rearm_percent: "2" },
    { kind: "stale", after_s: 300 },
    {
      kind: "all",
      conditions: [line, { kind: "change_24h", side: "above", percent: "5", rearm_points: "1" }],
    },
  ];

  it.each(conditions)("of $kind is the same after it was opened in the editor", (condition) => {
    const rule = form(condition, {
      tags: ["long term", "Wächter"],
      expires_at: 5,
      message: "At {price}:\nsell {{half}}",
    });
    expect(formOf(draftOf(rule, "ETH"))).toEqual(rule);
  });

  it("takes the usual re-arm distance of another kind", () => {
    const draft = draftOf(form(line), "BTC");
    expect(ofKind(draft, "step").rearm).toBe("10");
    expect(ofKind(draft, "below").rearm).toBeUndefined();
    for (const kind of KINDS) {
      const changed = { ...draft, price: "1", low: "1", high: "2", value: "3", step: "4" };
      expect(formOf({ ...changed, ...ofKind(draft, kind) }), kind).toBeDefined();
    }
  });

  it("reads the foot of a step below zero in either sign, and refuses what is none", () => {
    const draft = draftOf(
      form({ kind: "step", step: "5", base: null, rearm_percent: null }),
      "BTC",
    );
    const base = (text: string) => {
      const condition = formOf({ ...draft, base: text })?.condition;
      return condition?.kind === "step" ? condition.base : undefined;
    };
    expect([base("-12.5"), base("\u221212.5"), base("")]).toEqual(["-12.5", "-12.5", "0"]);
    expect(base("--1")).toBeUndefined();
    expect(unreadable({ ...draft, base: "-3" })).toBeUndefined();
    expect(unreadable({ ...draft, base: "-x" })).toBe("x");
  });

  it("has each tag once", () => {
    expect(tagsOf(" swing, , long term,swing ")).toEqual(["swing", "long term"]);
  });
});

describe("what a rule would have done", () => {
  const now = Date.UTC(2026, 9, 16, 14, 2);
  const past: RulePast = { fired: 3, last: null, since: now - 7 * 24 * HOUR, short: false };

  const said = (known: RulePast) => pastSaid({ past: known, past_unknown: null }, now);

  it("is not known for a reason, which is said in the language in use", async () => {
    const past_unknown = "How often it would have fired is not known: the market cap is not kept.";
    expect(pastSaid({ past: null, past_unknown }, now)).toBe(past_unknown);
    await speak("de");
    expect(pastSaid({ past: null, past_unknown }, now)).toContain("Die Marktkapitalisierung wird");
  });

  it("is said in a sentence, with what is short or too much", () => {
    expect(said(past)).toBe("Would have fired 3× in the last 7 days.");
    const short = { ...past, fired: 1, since: now - 50 * HOUR, short: true };
    expect(said(short)).toBe("Only 2 days of prices here; would have fired 1× in them.");
    expect(said({ ...past, fired: 21 })).toContain("a longer pause");
    expect(said({ ...past, last: now - HOUR })).toContain("Last on");
  });
});

describe("the editor", () => {
  it("puts two conditions into one sentence, and takes one away again", async () => {
    market.apply([quote("BTC", "67000")]);
    render(AlertEditor, { id: "r", form: form(line) });
    render(Menu);
    await fireEvent.click(screen.getByTestId("alert-second-add"));
    await fireEvent.click(screen.getByTestId("alert-second-kind"));
    const kinds = screen.getAllByTestId("alert-second-kind-option");
    expect(kinds.some((kind) => kind.textContent?.includes("has no price"))).toBe(false);
    const volume = kinds.find((kind) => kind.textContent?.includes("24 h volume above"));
    await fireEvent.click(volume as HTMLElement);
    const value = screen.getByTestId("alert-second-value");
    await fireEvent.input(value, { target: { value: "1,000,000" } });
    await fireEvent.input(screen.getByTestId("alert-tags"), { target: { value: "big, swing" } });
    expect(screen.queryByTestId("alert-rearm")).toBeNull();
    await fireEvent.click(screen.getByTestId("alert-create"));
    expect((await backend.next("save_rule")).args).toEqual({
      id: "r",
      form: form(
        {
          kind: "all",
          conditions: [
            line,
            { kind: "volume", side: "above", value: "1000000", rearm_percent: "1" },
          ],
        },
        { tags: ["big", "swing"] },
      ),
    });
    await fireEvent.click(screen.getByTestId("alert-second-remove"));
    expect(screen.queryByTestId("alert-second-value")).toBeNull();
    expect(screen.getByTestId("alert-rearm")).toBeDefined();
  });
});

describe("the list of alerts", () => {
  function show(...rules: RuleRow[]): void {
    alerts.rules = rules;
    alerts.loaded = true;
    render(AlertsTab);
    render(Menu);
  }

  it("snoozes, wakes and mutes a rule from its menu, and says so", async () => {
    show(row("a"));
    await openMenuOfRow();
    await fireEvent.click(screen.getAllByTestId("alert-snooze")[0] as HTMLElement);
    const asked = await backend.next("snooze_rule");
    expect(asked.args).toEqual({ id: "a", snooze: { for: "minutes", minutes: 15 } });
    asked.answer(row("a", { snoozed_until: Date.now() + 900_000 }));
    expect(await screen.findByText(/^Snoozed until/)).toBeDefined();

    await openMenuOfRow();
    await fireEvent.click(screen.getByTestId("alert-wake"));
    const woken = await backend.next("snooze_rule");
    expect(woken.args).toEqual({ id: "a", snooze: { for: "wake" } });
    woken.answer(row("a"));

    await openMenuOfRow();
    await fireEvent.click(screen.getByTestId("alert-mute"));
    const muted = await backend.next("mute_rule");
    expect(muted.args).toEqual({ id: "a", muted: true });
    muted.answer(row("a", { muted: true }));
    expect(await screen.findByText(/^Muted/)).toBeDefined();
  });

  it("snoozes for any time within the engine's limits", async () => {
    alerts.rules = [row("a")];
    render(SnoozeDialog, { id: "a", sentence: "Rule a" });
    render(Menu);
    const figure = screen.getByTestId<HTMLInputElement>("snooze-figure");
    await waitFor(() => expect(document.activeElement).toBe(figure));
    const go = screen.getByTestId<HTMLButtonElement>("snooze-go");
    for (const text of ["0", "1.5", "525,601", "x"]) {
      await fireEvent.input(figure, { target: { value: text } });
      expect(go.disabled, text).toBe(text !== "1.5");
      await fireEvent.click(screen.getByTestId("snooze-unit"));
      const units = screen.getAllByTestId("snooze-unit-option").map((each) => each.textContent);
      expect(units.join()).not.toContain("seconds");
      closeMenu();
    }
    expect(screen.getByRole("alert").textContent).toContain("1 minute to 365 days");
    await fireEvent.input(figure, { target: { value: "95" } });
    await fireEvent.submit(figure.form as HTMLFormElement);
    const asked = await backend.next("snooze_rule");
    expect(asked.args).toEqual({ id: "a", snooze: { for: "minutes", minutes: 95 } });
  });

  it("says since when a rule is off, where that is known", async () => {
    const off = (off_since: number | null) => row("a", { enabled: false, off_since });
    show(off(Date.UTC(2025, 9, 2, 9, 14)));
    expect(screen.getByTestId("alert-state").textContent?.trim()).toMatch(/^Off since .*2025, /);
    alerts.rules = [off(null)];
    await waitFor(() => expect(screen.getByTestId("alert-state").textContent?.trim()).toBe("Off"));
  });

  it.each([
    [{ enabled: false, off_since: Date.UTC(2025, 9, 2, 9, 14) }, /^Off since Oct 2, 2025, /],
    [
      {
        paused: { at: Date.UTC(2025, 9, 2, 9, 14), reason: "Paused after 15 alerts within 3 min" },
      },
      /^Paused after 15 alerts within 3 min, since Oct 2, 2025, /,
    ],
    [{ done: true, last_fired: Date.UTC(2025, 9, 2, 9, 14) }, /^Done, fired Oct 2, 2025, /],
    [{}, undefined],
  ])("has %j told by the editor as well", (more, said) => {
    alerts.rules = [row("a", more)];
    render(AlertEditor, { id: "a", form: form(line) });
    const told = screen.queryByTestId("alert-standing")?.textContent?.trim();
    if (said) expect(told).toMatch(said);
    else expect(told).toBeUndefined();
  });

  it("says why a rule was paused, and resumes it", async () => {
    const reason = "Paused after 15 alerts within 3 min";
    const paused = row("a", { paused: { at: Date.UTC(2025, 9, 2, 9, 14), reason } });
    expect(isArmed(paused)).toBe(false);
    show(paused);
    const said = screen.getByTestId("alert-state").textContent?.trim();
    expect(said).toMatch(/^Paused after 15 alerts within 3 min, since Oct 2, 2025, /);
    await fireEvent.click(screen.getByTestId("alert-resume-now"));
    const resumed = await backend.next("enable_rule");
    expect(resumed.args).toEqual({ id: "a", enabled: true });
    resumed.answer(row("a"));
    expect(await screen.findByText(/Never fired/)).toBeDefined();
  });

  it("shows the trigger of a rule that follows the price as it moves", async () => {
    const falls = form({ kind: "trailing", side: "falls", percent: "5" });
    show(row("a", { form: falls, waits_for: { below: "95", above: null } }));
    const state = screen.getByTestId("alert-state");
    expect(state.textContent).toContain("At 95.00 or less");
    alerts.follow([{ id: "a", waits_for: { below: "114", above: null } }]);
    expect(await screen.findByText(/At 114.00 or less/)).toBeDefined();
    const [rule] = alerts.rules;
    const distance = rule && distanceOf(rule, quote("BTC", "120"));
    expect(distance?.digits).toBe(-50n);
  });

  it("is filtered by a tag, which is there only while a rule has it", async () => {
    show(
      row("a", { form: form(line, { tags: ["swing"] }) }),
      row("b", { form: form(line, { tags: ["long"] }) }),
    );
    const tags = screen.getAllByTestId("alerts-tag");
    expect(tags.map((tag) => tag.textContent?.trim())).toEqual(["long", "swing"]);
    await fireEvent.click(tags[1] as HTMLElement);
    expect(screen.getAllByTestId("alert-row")).toHaveLength(1);
    alerts.rules = alerts.rules.filter((rule) => rule.id !== "a");
    expect(await screen.findByText(/Rule b/)).toBeDefined();
  });

  it("is in the history with what was told in one's own words", async () => {
    show(row("a"));
    const bare = firing("f", 0, { title: "BTC crossed above 70,000" });
    alerts.fired(bare);
    const [line] = await screen.findAllByTestId("alert-history-row");
    expect(line?.textContent).not.toContain("·");
    alerts.fired({ ...bare, message: "Sell half\nat 70,000" });
    await waitFor(() => expect(line?.textContent).toContain("Sell half\nat 70,000"));
    expect(screen.queryByTestId("alert-history-all")).toBeNull();
    await fireEvent.click(line as HTMLElement);
    expect(line?.getAttribute("aria-expanded")).toBe("true");
    expect(screen.getByTestId("alert-history-all").textContent).toContain("Sell half");
  });

  it("says in the history that it was held and missed as well", async () => {
    show(row("a"));
    alerts.fired(firing("f", 0, { mark: "quiet" }));
    const [line] = await screen.findAllByTestId("alert-history-row");
    expect(line?.textContent).toContain("Held for later");
    expect(screen.queryByRole("img", { name: "Missed, offline" })).toBeNull();
    alerts.fired(firing("f", 0, { mark: "quiet", away: true }));
    await screen.findByRole("img", { name: "Missed, offline" });
    expect(line?.textContent).toContain("Held for later");
    // Once is enough.
    alerts.fired(firing("f", 0, { mark: "away", away: true }));
    await waitFor(() => expect(line?.textContent).toContain("Missed, offline"));
    expect(screen.queryByRole("img", { name: "Missed, offline" })).toBeNull();
  });

  it("says in the history what it asked for, and which prices are not known", async () => {
    show(row("a"));
    const HOUR = 3_600_000;
    const unknown = { from: HOUR, to: 3 * HOUR };
    const condition = "Crosses above 67,000";
    alerts.fired(firing("f", 3 * HOUR, { condition, unknown, fired_at: 4 * HOUR }));
    await fireEvent.click(await screen.findByTestId("alert-history-row"));
    const terms = screen.getByTestId("alert-history-all").querySelectorAll("dt");
    expect([...terms].map((term) => term.textContent)).toEqual([
      "Alert",
      "Price",
      "Time",
      "Found at",
      "Not known",
    ]);
    expect(screen.getByTestId("alert-history-all").textContent).toContain(condition);
  });

  it("has a history that is read further back, as far as there is one", async () => {
    show(row("a"));
    const many = Array.from({ length: 100 }, (_, at) => firing(`f${200 - at}`, 200 - at));
    void alerts.load();
    (await backend.next("rules")).answer([row("a")]);
    (await backend.next("firings")).answer(many);
    await fireEvent.click(await screen.findByText("Show all"));
    await fireEvent.click(await screen.findByTestId("alerts-older"));
    const asked = await backend.next("firings");
    expect(asked.args).toEqual({ limit: 100, symbol: null, before: "f101" });
    asked.answer([firing("f100", 100)]);
    await waitFor(() => expect(alerts.firings).toHaveLength(101));
    await waitFor(() => expect(screen.queryByTestId("alerts-older")).toBeNull());
    // What became of an older one leaves it where it is.
    alerts.fired(firing("f100", 100, { mark: "muted" }));
    expect(alerts.firings.at(-1)?.mark).toBe("muted");
  });

  it("goes into a file and comes from one", async () => {
    show(row("a"));
    await fireEvent.click(screen.getByTestId("alerts-more"));
    await fireEvent.click(screen.getByTestId("alerts-export"));
    (await backend.next("export_rules")).answer({ path: "/downloads/alerts.json", rules: 1 });
    const chosen = new File(["{}"], "alerts.json");
    const input = screen.getByTestId("alerts-import-file");
    Object.defineProperty(input, "files", { value: [chosen] });
    await fireEvent.change(input);
    const piece = await backend.next("import_rules");
    expect(piece.args).toEqual({ piece: 0, text: "{}", last: true });
    piece.answer({ imported: { rules: 0, known: 1 } });
    (await backend.next("rules")).answer([row("a"), row("b")]);
    expect(await screen.findByText(/Rule b/)).toBeDefined();
  });
});

describe("the past of a symbol", () => {
  /** Everything that waits for answers given has had them. */
  const settled = () => new Promise((done) => setTimeout(done));

  it("is asked for by its name, and what fires meanwhile is not lost", async () => {
    const ids = (symbol: string) => alerts.pastOf(symbol).map(({ id, mark }) => `${id} ${mark}`);
    alerts.fired(firing("known", 1));
    expect(ids("BTC")).toEqual(["known notified"]);
    void alerts.loadPast("BTC");
    const asked = await backend.next("firings");
    expect(asked.args).toEqual({ limit: 500, symbol: "BTC", before: null });
    alerts.fired(firing("new", 3));
    alerts.fired(firing("new", 3, { mark: "muted" }));
    alerts.fired(firing("elsewhere", 4, { symbol: "ETH" }));
    asked.answer([firing("new", 3, { mark: "pending" }), firing("old", 0)]);
    await waitFor(() => expect(ids("BTC")).toEqual(["new muted", "old notified"]));
    // Another chart was opened before the answer came.
    void alerts.loadPast("SOL");
    const late = await backend.next("firings");
    void alerts.loadPast("ETH");
    const wanted = await backend.next("firings");
    wanted.answer([firing("e", 5, { symbol: "ETH" })]);
    await waitFor(() => expect(ids("ETH")).toEqual(["e notified"]));
    late.answer([firing("s", 5, { symbol: "SOL" })]);
    await settled();
    expect(ids("ETH")).toEqual(["e notified"]);
  });
});

import { fireEvent, render, screen, waitFor } from "@testing-library/svelte";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import AlertEditor from "../src/lib/alerts/AlertEditor.svelte";
import { draftOf, formOf, tagsOf } from "../src/lib/alerts/form";
import { readSpan, unitName, unitOf, WINDOW_LIMITS, writeSpan } from "../src/lib/alerts/spans";
import type { ConditionForm, RuleForm } from "../src/lib/bindings";
import { speak } from "../src/lib/i18n";
import { useBackend } from "../src/lib/state/engine.svelte";
import { market } from "../src/lib/state/market.svelte";
import { view } from "../src/lib/state/view.svelte";
import Menu from "../src/lib/ui/Menu.svelte";
import { HandBackend } from "./fixtures";

let backend: HandBackend;

const moves: ConditionForm = { kind: "moves", percent: "2", window_s: 2220, direction: "either" };

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

beforeEach(() => {
  backend = new HandBackend();
  useBackend(backend);
  market.clear();
});

afterEach(async () => {
  view.overlay = undefined;
  await speak("en");
});

function edit(rule: RuleForm): void {
  render(AlertEditor, { id: "r", form: rule });
  render(Menu);
}

async function own(testid: string): Promise<void> {
  await fireEvent.click(screen.getByTestId(testid));
  await fireEvent.click(screen.getByTestId(`${testid}-own`));
}

async function write(testid: string, text: string): Promise<void> {
  await fireEvent.input(screen.getByTestId(testid), { target: { value: text } });
}

async function unit(testid: string, name: string): Promise<void> {
  await fireEvent.click(screen.getByTestId(`${testid}-unit`));
  const units = screen.getAllByTestId(`${testid}-unit-option`);
  await fireEvent.click(units.find((each) => each.textContent?.includes(name)) as HTMLElement);
}

async function saved(): Promise<RuleForm> {
  const button = screen.getByTestId<HTMLButtonElement>("alert-create");
  await waitFor(() => expect(button.disabled).toBe(false));
  await fireEvent.click(button);
  return ((await backend.next("save_rule")).args as { form: RuleForm }).form;
}

describe("a length of time", () => {
  it("is written in the largest unit that it is whole in, and read back as it was", () => {
    for (const seconds of [1, 59, 60, 90, 2220, 5400, 86_400, 90_061, 604_800, 4_294_967_295]) {
      const at = unitOf(seconds);
      const read = readSpan(writeSpan(seconds, at), at, { least: 0, most: 4_294_967_295 });
      expect(read).toBe(seconds);
    }
    expect([unitOf(2220), unitOf(5400), unitOf(7200), unitOf(0)]).toEqual([60, 60, 3600, 60]);
  });

  it("has whole seconds, within the limits", () => {
    const read = (text: string, at: 1 | 60 | 3600 | 86_400) => readSpan(text, at, WINDOW_LIMITS);
    expect(read("1.5", 3600)).toBe(5400);
    expect(read("1.1", 60)).toBe(66);
    expect(read("1.5", 1)).toBeUndefined();
    expect(read("0", 60)).toBeUndefined();
    expect(read("49,710", 86_400)).toBe(4_294_944_000);
    expect(read("49,711", 86_400)).toBeUndefined();
    expect(read("x", 60)).toBeUndefined();
    expect(read("", 60)).toBeUndefined();
  });

  it("has units in the language in use", async () => {
    expect(unitName(60)).toBe("minutes");
    await speak("de");
    expect(unitName(86_400)).toBe("Tage");
  });
});

describe("values of one's own in the editor", () => {
  it("keep a rule that has them as it is", () => {
    const rules: RuleForm[] = [
      form(moves, { cooldown_s: 4_294_967_295, expires_at: 1_800_000_000_123 }),
      form({ kind: "stale", after_s: 61 }, { tags: ["a", "a, b", "b,c"], cooldown_s: 13 }),
      form({ kind: "above", price: "1.125", rearm_percent: "1.125" }),
      form({ kind: "step", step: "2", base: "0", rearm_percent: "33.333" }),
      form({ kind: "change_24h", side: "above", percent: "5", rearm_points: "1.125" }),
    ];
    for (const rule of rules) expect(formOf(draftOf(rule, "ETH"))).toEqual(rule);
  });

  it("keep a margin also where a point separates thousands", async () => {
    await speak("de");
    const rule = form({ kind: "above", price: "70000", rearm_percent: "1.125" });
    expect(formOf(draftOf(rule, "ETH"))).toEqual(rule);
  });

  it("keep tags with commas whole beside those that are typed", () => {
    expect(tagsOf("a, b, new", ["a, b"])).toEqual(["a, b", "new"]);
    expect(tagsOf("a, a, b", ["a", "a, b"])).toEqual(["a", "a, b"]);
    expect(tagsOf("b, new", ["a, b"])).toEqual(["b", "new"]);
  });

  it("are a figure and a unit for a window, which a screen reader names", async () => {
    edit(form({ ...moves, window_s: 900 }));
    await own("alert-window");
    const figure = screen.getByTestId<HTMLInputElement>("alert-window-figure");
    await waitFor(() => expect(document.activeElement).toBe(figure));
    expect(figure.value).toBe("15");
    expect(figure.getAttribute("aria-label")).toBe("Time");
    expect(screen.getByTestId("alert-window-unit").getAttribute("aria-label")).toBe(
      "Time: minutes",
    );
    await write("alert-window-figure", "37");
    expect((await saved()).condition).toEqual(moves);
  });

  it("are said to be wrong where the engine takes none, and are not saved", async () => {
    edit(form(moves));
    await own("alert-window");
    await write("alert-window-figure", "0");
    expect(screen.getByRole("alert").textContent).toContain(
      "Time: whole seconds, 1 second to 49,710 days",
    );
    expect(screen.getByTestId("alert-window-figure").getAttribute("aria-invalid")).toBe("true");
    expect(screen.getByTestId<HTMLButtonElement>("alert-create").disabled).toBe(true);
    await write("alert-window-figure", "90");
    await unit("alert-window", "days");
    expect((await saved()).condition).toEqual({ ...moves, window_s: 90 * 86_400 });
  });

  it("are a pause of any length, none included", async () => {
    edit(form(moves));
    await own("alert-cooldown");
    await write("alert-cooldown-figure", "7");
    await unit("alert-cooldown", "seconds");
    expect((await saved()).cooldown_s).toBe(7);
  });

  it("are a margin of any size", async () => {
    edit(form({ kind: "above", price: "70000", rearm_percent: "0.1" }));
    await own("alert-rearm");
    await write("alert-rearm-figure", "3.7x");
    expect(screen.getByRole("alert").textContent).toContain("Not a number: 3.7x");
    await write("alert-rearm-figure", "3.75");
    expect((await saved()).condition).toMatchObject({ rearm_percent: "3.75" });
  });

  it("hold nothing up where they are of no account", () => {
    const draft = { ...draftOf(form(moves), "BTC"), repeat: "once" as const, cooldown: undefined };
    expect(formOf(draft)).toMatchObject({ repeat: "once", cooldown_s: null });
    const line = draftOf(form({ kind: "above", price: "1", rearm_percent: "0.1" }), "BTC");
    expect(formOf({ ...line, rearm: "x" })).toBeUndefined();
    const both = { ...line, rearm: "x", second: { ...line, kind: "below" as const } };
    expect(formOf(both)?.condition).toMatchObject({
      conditions: [{ rearm_percent: null }, { rearm_percent: "0.1" }],
    });
  });

  it("are a day and a time for the end, not over yet", async () => {
    edit(form(moves));
    await own("alert-expires");
    expect(screen.getByTestId("alert-expires-day").getAttribute("aria-label")).toBe(
      "Expires: Date",
    );
    await write("alert-expires-day", "2020-01-01");
    expect(screen.getByRole("alert").textContent).toContain("a time in the future");
    await write("alert-expires-day", "2099-12-31");
    await write("alert-expires-time", "7:45 pm");
    expect((await saved()).expires_at).toBe(new Date(2099, 11, 31, 19, 45).getTime());
  });

  it("have the end taken away again, also one that is wrong", async () => {
    edit(form(moves, { expires_at: 5_000 }));
    await own("alert-expires");
    await write("alert-expires-day", "tomorrow");
    await fireEvent.click(screen.getByLabelText("Expires: Never"));
    const list = await screen.findByTestId("alert-expires");
    await waitFor(() => expect(document.activeElement).toBe(list));
    expect((await saved()).expires_at).toBeNull();
  });

  it("have an end that is over left alone while something else is changed", async () => {
    edit(form(moves, { expires_at: 5_000 }));
    await write("alert-percent", "3");
    expect((await saved()).expires_at).toBe(5_000);
  });

  it("are offered and told in German", async () => {
    await speak("de");
    edit(form(moves));
    await fireEvent.click(screen.getByTestId("alert-window"));
    expect(screen.getByTestId("alert-window-own").textContent).toContain("Andere");
    await fireEvent.click(screen.getByTestId("alert-window-own"));
    await write("alert-window-figure", "");
    expect(screen.getByRole("alert").textContent).toContain(
      "Zeit: ganze Sekunden, 1 Sekunde bis 49.710 Tage",
    );
  });
});

import { fireEvent, render, screen, waitFor } from "@testing-library/svelte";
import { beforeEach, describe, expect, it } from "vitest";
import AlertEditor from "../src/lib/alerts/AlertEditor.svelte";
import { foreignIn, inserted, PLACEHOLDERS } from "../src/lib/alerts/message";
import type { NotificationPreview, PreviewRule, RulePreview, SaveRule } from "../src/lib/bindings";
import MessageSetting from "../src/lib/settings/MessageSetting.svelte";
import { alerts } from "../src/lib/state/alerts.svelte";
import { useBackend } from "../src/lib/state/engine.svelte";
import { market } from "../src/lib/state/market.svelte";
import { settings as held } from "../src/lib/state/settings.svelte";
import Menu from "../src/lib/ui/Menu.svelte";
import { HandBackend, settings } from "./fixtures";
import { above, quote, rule } from "./openchart";

let backend: HandBackend;

const notification: NotificationPreview = {
  title: "BTC crossed above 70,000",
  body: "70,000.00, ▲ +1.24 % in 24 hours",
  values: [
    { placeholder: "price", text: "70,000.00" },
    { placeholder: "tags", text: "" },
    { placeholder: "details", text: "70,000.00, ▲ +1.24 % in 24 hours" },
  ],
};

const preview: RulePreview = {
  valid: true,
  problem: null,
  message_problem: null,
  sentence: "Crosses above 70,000",
  arming: "Below the line: armed at once",
  armed_at_once: true,
  distance_percent: "3.1",
  past: null,
  past_unknown: null,
  notification,
};

beforeEach(() => {
  backend = new HandBackend();
  useBackend(backend);
  market.clear();
  alerts.clear();
  held.begin(settings);
});

/** The rule that is asked about next, with its text. */
async function asked(reply: Partial<RulePreview> = {}): Promise<string | null> {
  const question = await backend.next("preview_rule");
  question.answer({ ...preview, ...reply });
  return (question.args as PreviewRule).form.message;
}

function field(testid: string): HTMLTextAreaElement {
  return screen.getByTestId<HTMLTextAreaElement>(testid);
}

describe("a placeholder", () => {
  it("takes the place of what is chosen, and one goes on writing behind it", () => {
    expect(inserted("at now", 3, 6, "price")).toEqual({ text: "at {price}", caret: 10 });
    expect(inserted("", 0, 0, "market_cap")).toEqual({ text: "{market_cap}", caret: 12 });
  });

  it.each([
    ["{{close}}", "price"],
    ["{{ticker}}", "symbol"],
    ["{{volume}}", "volume"],
    ["{{ timenow }}", "time"],
    ["{{Price}}", "price"],
    ["{{interval}}", undefined],
    ["{{strategy.order.action}}", undefined],
    ["{{constructor}}", undefined],
  ])("in two braces is of another program: %s", (written, nearest) => {
    expect(foreignIn(`Now ${written}`)).toEqual({ written, nearest });
  });

  it("in one brace, or none, is not", () => {
    for (const text of ["", "{price}", "{{", "{{ a b }}", "{{}}", "price"]) {
      expect(foreignIn(text), text).toBeUndefined();
    }
  });
});

describe("the text of an alert", () => {
  async function edit(message: string | null = null): Promise<void> {
    market.apply([quote("67893.40")]);
    const form = { ...rule("a", above("70000")).form, message };
    render(AlertEditor, { id: "a", form });
    render(Menu);
  }

  it("is told as it would be while it is written, and saved as it stands", async () => {
    await edit();
    expect(await asked()).toBeNull();
    const shown = await screen.findByTestId("alert-message-preview");
    expect(shown.textContent).toContain("BTC crossed above 70,000");
    expect(shown.textContent).toContain("+1.24");
    expect(field("alert-message").placeholder).toBe(notification.values[2]?.text);
    await fireEvent.input(field("alert-message"), { target: { value: "Sell\nat {price} " } });
    expect(await asked({ notification: { ...notification, body: "Sell\nat 70,000.00" } })).toBe(
      "Sell\nat {price}",
    );
    await waitFor(() => expect(shown.textContent).toContain("Sell\nat 70,000.00"));
    await fireEvent.click(screen.getByTestId("alert-create"));
    const saved = await backend.next("save_rule");
    expect((saved.args as SaveRule).form.message).toBe("Sell\nat {price}");
  });

  it("gets values from a menu that keys reach, at the caret", async () => {
    await edit("Sell now");
    await asked();
    await screen.findByTestId("alert-message-preview");
    const text = field("alert-message");
    text.setSelectionRange(5, 8);
    await fireEvent.click(screen.getByTestId("alert-message-insert"));
    const items = await screen.findAllByTestId("alert-message-value");
    expect(items.map((item) => item.dataset.value)).toEqual([...PLACEHOLDERS]);
    expect(document.activeElement).toBe(items[0]);
    // What it would say now, or how it is written where that is nothing or not known.
    expect(items[1]?.textContent).toContain("70,000.00");
    expect(items[9]?.textContent).toContain("{tags}");
    expect(items[10]?.textContent).toContain("…");
    await fireEvent.keyDown(items[0] as HTMLElement, { key: "ArrowDown" });
    expect(document.activeElement).toBe(items[1]);
    await fireEvent.click(items[1] as HTMLElement);
    expect(text.value).toBe("Sell {price}");
    expect(document.activeElement).toBe(text);
    expect(text.selectionStart).toBe(12);
    expect(await asked()).toBe("Sell {price}");
  });

  it("is refused where it stands, with what is wrong, and the rest goes on", async () => {
    await edit("at {prize}");
    const said = "{prize} in the text stands for nothing. What can be filled in: {price}";
    await asked({ valid: false, message_problem: said });
    const problem = await screen.findByTestId("alert-message-problem");
    expect(problem.textContent).toContain(said);
    const text = field("alert-message");
    expect(text.getAttribute("aria-invalid")).toBe("true");
    expect(text.getAttribute("aria-describedby")).toBe(problem.id);
    expect(screen.getByTestId("alert-arming").textContent).toContain("armed at once");
    expect(screen.getByTestId<HTMLButtonElement>("alert-create").disabled).toBe(true);
    expect(screen.queryByTestId("alert-message-preview")).toBeNull();
  });

  it("tells what is written as elsewhere, and writes it as here", async () => {
    await edit("{{ticker}}: {{close}}, again {{close}}");
    await asked();
    const hint = await screen.findByTestId("alert-message-foreign");
    expect(hint.textContent).toContain("{{ticker}} fills in nothing.");
    expect(hint.textContent).toContain("{symbol}");
    // It is said, and forbids nothing.
    expect(field("alert-message").getAttribute("aria-invalid")).toBe("false");
    expect(screen.getByTestId<HTMLButtonElement>("alert-create").disabled).toBe(false);
    await fireEvent.click(screen.getByTestId("alert-message-replace"));
    await fireEvent.click(screen.getByTestId("alert-message-replace"));
    expect(field("alert-message").value).toBe("{symbol}: {price}, again {price}");
    expect(await asked()).toBe("{symbol}: {price}, again {price}");
    expect(screen.queryByTestId("alert-message-foreign")).toBeNull();
    await fireEvent.input(field("alert-message"), { target: { value: "{{interval}}" } });
    expect(screen.getByTestId("alert-message-foreign").textContent).toContain("no such value");
    expect(screen.queryByTestId("alert-message-replace")).toBeNull();
  });

  it("ends a line with Enter, and is saved with Ctrl+Enter", async () => {
    await edit("Sell");
    await asked();
    await fireEvent.keyDown(field("alert-message"), { key: "Enter" });
    expect(backend.names()).not.toContain("save_rule");
    await fireEvent.keyDown(field("alert-message"), { key: "Enter", ctrlKey: true });
    await backend.next("save_rule");
  });
});

describe("the text of all alerts", () => {
  it("is shown by an alert of one's own, and kept when it is left", async () => {
    alerts.rules = [rule("a", above("70000"))];
    alerts.loaded = true;
    render(MessageSetting);
    // Nothing typed says what is said without it.
    expect(await asked()).toBe("{details}");
    await screen.findByTestId("setting-message-preview");
    await fireEvent.input(field("setting-message"), { target: { value: "Look: {details}" } });
    expect(await asked()).toBe("Look: {details}");
    await fireEvent.change(field("setting-message"));
    const change = await backend.next("set_settings");
    expect(change.args).toMatchObject({ settings: { alert_message: "Look: {details}" } });
    change.refuse({ code: "invalid", message: "The disk is full.", details: null });
    const problem = await screen.findByTestId("setting-message-problem");
    expect(problem.textContent).toContain("The disk is full.");
    expect(field("setting-message").value).toBe("Look: {details}");
  });

  it("is kept when a value is put in, and when the page is left", async () => {
    alerts.rules = [rule("a", above("70000"))];
    alerts.loaded = true;
    render(Menu);
    const page = render(MessageSetting);
    await fireEvent.click(screen.getByTestId("setting-message-insert"));
    const [symbol] = await screen.findAllByTestId("setting-message-value");
    await fireEvent.click(symbol as HTMLElement);
    const inserted = await backend.next("set_settings");
    expect(inserted.args).toMatchObject({ settings: { alert_message: "{symbol}" } });
    await fireEvent.input(field("setting-message"), { target: { value: "{symbol}!" } });
    page.unmount();
    // The last word is told last.
    expect(backend.names()).toEqual([]);
    inserted.answer({ ...settings, alert_message: "{symbol}" });
    const left = await backend.next("set_settings");
    expect(left.args).toMatchObject({ settings: { alert_message: "{symbol}!" } });
  });
});

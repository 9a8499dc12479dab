import { fireEvent, render, screen } from "@testing-library/svelte";
import { beforeEach, describe, expect, it } from "vitest";
import AlertEditor from "../src/lib/alerts/AlertEditor.svelte";
import { useBackend } from "../src/lib/state/engine.svelte";
import { market } from "../src/lib/state/market.svelte";
import { view } from "../src/lib/state/view.svelte";
import { HandBackend } from "./fixtures";

let backend: HandBackend;

const bitcoin = {
  symbol: "BTC",
  name: "Bitcoin",
  price: "67893.40",
  change_24h: null,
  change_percentage_24h: "1.24",
  market_cap: null,
  volume_24h: null,
  time: 0,
  stale: false,
  watched: true,
  spark: [],
};

beforeEach(() => {
  backend = new HandBackend();
  useBackend(backend);
  market.clear();
  market.apply([bitcoin]);
  view.overlay = { kind: "alert", id: undefined, form: { symbol: "BTC" } };
  render(AlertEditor, { id: undefined, form: { symbol: "BTC" } });
});

function create(): HTMLButtonElement {
  return screen.getByTestId("alert-create");
}

async function type(text: string): Promise<void> {
  await fireEvent.input(screen.getByTestId("alert-price"), { target: { value: text } });
}

describe("the alert editor", () => {
  it("creates what the sentence says", async () => {
    expect(create().disabled).toBe(true);
    await type("70,000");
    expect(screen.getByTestId("alert-live").textContent).toContain("+3.1");
    await fireEvent.click(create());
    expect((await backend.next("save_rule")).args).toEqual({
      id: null,
      form: {
        symbol: "BTC",
        condition: { kind: "above", price: "70000", rearm_percent: "0.1" },
        repeat: "once",
        cooldown_s: 300,
        expires_at: null,
        tags: [],
        message: null,
      },
    });
  });

  it("says what would happen, and what is wrong", async () => {
    await type("70000");
    (await backend.next("preview_rule")).answer({
      valid: true,
      problem: null,
      message_problem: null,
      sentence: "Crosses above 70,000",
      arming: "Below the line: armed at once",
      armed_at_once: true,
      distance_percent: "3.1",
      past: null,
      past_unknown: null,
      notification: null,
    });
    expect((await screen.findByTestId("alert-arming")).textContent).toContain("armed at once");
    await type("7O000");
    expect(screen.getByRole("alert").textContent).toContain("Not a number: 7O000");
    expect(create().disabled).toBe(true);
  });

  it("asks before it forgets what was typed, and keeps it on the way back", async () => {
    await type("70000");
    await fireEvent.keyDown(screen.getByTestId("alert-editor"), { key: "Escape" });
    expect(view.overlay).toBeDefined();
    await fireEvent.click(screen.getByText("Keep editing"));
    expect(screen.getByTestId<HTMLInputElement>("alert-price").value).toBe("70000");
    await fireEvent.keyDown(screen.getByTestId("alert-editor"), { key: "Escape" });
    await fireEvent.click(screen.getByTestId("alert-leave"));
    expect(view.overlay).toBeUndefined();
  });

  it("leaves at once when nothing was typed", async () => {
    await fireEvent.keyDown(screen.getByTestId("alert-editor"), { key: "Escape" });
    expect(view.overlay).toBeUndefined();
  });
});

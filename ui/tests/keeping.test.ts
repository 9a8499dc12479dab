import { fireEvent, render, screen } from "@testing-library/svelte";
import { beforeEach, describe, expect, it } from "vitest";
import PriceKeepingSetting from "../src/lib/settings/PriceKeepingSetting.svelte";
import { app } from "../src/lib/state/app.svelte";
import { useBackend } from "../src/lib/state/engine.svelte";
import { settings as held } from "../src/lib/state/settings.svelte";
import { HandBackend, settings } from "./fixtures";

let backend: HandBackend;

beforeEach(() => {
  backend = new HandBackend();
  useBackend(backend);
  held.begin(settings);
});

function choice(level: string, days: number | null): HTMLElement {
  const found = screen
    .getByTestId(`setting-keeping-${level}`)
    .querySelector<HTMLElement>(`[data-value="${days}"]`);
  if (!found) throw new Error(`no choice ${days} of ${level}`);
  return found;
}

describe("how long prices are kept", () => {
  it("is shown as it is, also where a file says something of its own", () => {
    held.take({
      ...settings,
      price_keeping: { raw_hours: 72, minute_days: 365, hour_days: 1825, day_years: null },
    });
    render(PriceKeepingSetting);
    expect(choice("raw", 3).getAttribute("aria-checked")).toBe("true");
    expect(choice("minutes", 365).textContent?.trim()).toBe("1 year");
    expect(choice("hours", 1825).getAttribute("aria-checked")).toBe("true");
    expect(choice("days", null).textContent?.trim()).toBe("Forever");
  });

  it("is changed at once, one level at a time, and can be taken back", async () => {
    render(PriceKeepingSetting);
    await fireEvent.click(choice("days", 3650));
    const change = await backend.next("set_settings");
    const kept = { raw_hours: 48, minute_days: 365, hour_days: 1825, day_years: 10 };
    expect(change.args).toMatchObject({ settings: { price_keeping: kept } });
    change.answer({ ...settings, price_keeping: kept });
    await fireEvent.click(choice("raw", 7));
    const second = await backend.next("set_settings");
    expect(second.args).toMatchObject({
      settings: { price_keeping: { ...kept, raw_hours: 168 } },
    });
    second.refuse({ code: "internal", message: "The disk is full.", details: null });
    await expect.poll(() => choice("raw", 2).getAttribute("aria-checked")).toBe("true");
  });

  it("says what each level takes, once that is counted", async () => {
    app.active = "w";
    render(PriceKeepingSetting);
    const row = () => screen.getByTestId("setting-keeping-hours").parentElement?.textContent ?? "";
    expect(row()).not.toContain("rows");
    const level = (rows: number, bytes: number) => ({ rows, bytes });
    (await backend.next("price_storage")).answer({
      raw: level(1_036_800, 41_500_000),
      minutes: level(262_144, 18_900_000),
      hours: level(1, 4096),
      days: level(0, 4096),
    });
    await expect.poll(row).toContain("Charts of a month and a year · 1 row, 4\u202fKiB");
    const raw = screen.getByTestId("setting-keeping-raw").parentElement?.textContent;
    expect(raw).toContain("1,036,800 rows, 39.6\u202fMiB");
    app.active = undefined;
  });
});

import { fireEvent, render, screen, within } from "@testing-library/svelte";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Check, CheckItem, CheckOutcome, ProjectCheck } from "../src/lib/bindings";
import { speak } from "../src/lib/i18n";
import Checks from "../src/lib/onboarding/Checks.svelte";
import { toast } from "../src/lib/ui/toast.svelte";

const ALL: readonly Check[] = [
  "reachable",
  "key",
  "tables",
  "row_security",
  "realtime",
  "publication",
  "sync_part",
  "members_part",
  "clock",
];
const ADD = "alter publication supabase_realtime add table public.chat_messages;\n";

function found(more: Partial<Record<Check, Partial<CheckItem>>>): ProjectCheck {
  const fine = (check: Check): CheckItem => ({ check, outcome: "ok", message: "", sql: null });
  const items = ALL.map((check) => ({ ...fine(check), ...more[check] }));
  return { url: "https://p", items, usable: true };
}

function item(check: Check): HTMLElement {
  const items = screen.getAllByTestId("check");
  return items.find((each) => each.dataset.check === check) as HTMLElement;
}

function buttons(check: Check): (string | undefined)[] {
  return within(item(check))
    .queryAllByRole("button")
    .map((button) => button.textContent?.trim());
}

afterEach(async () => {
  await speak("en");
  vi.restoreAllMocks();
});

describe("the checks of a project", () => {
  it("are all named before anything is known, and while they run", () => {
    render(Checks, { check: undefined, running: true, onagain: vi.fn() });
    const shown = screen.getAllByTestId("check");
    expect(shown.map((each) => each.dataset.check)).toEqual(ALL);
    for (const each of shown) {
      expect(each.dataset.outcome).toBe("unknown");
      expect(each.textContent).toContain("Checking…");
      expect(each.querySelector("b")?.textContent).toMatch(/^[A-Z]/);
    }
  });

  it("show a failure with its reason, its SQL to copy, and a way to look again", async () => {
    const copied = vi.fn(async (_text: string) => undefined);
    vi.stubGlobal("navigator", { clipboard: { writeText: copied } });
    const again = vi.fn();
    const message =
      "Not in the publication supabase_realtime: chat_messages. Run the SQL in the project's SQL editor.";
    const check = found({ publication: { outcome: "failed", message, sql: ADD } });
    render(Checks, { check, running: false, onagain: again });
    expect(item("publication").textContent).toContain(message);
    expect(buttons("publication")).toEqual(["Copy the SQL", "Check again"]);
    await fireEvent.click(within(item("publication")).getByText("Copy the SQL"));
    expect(copied).toHaveBeenCalledExactlyOnceWith(ADD);
    await expect.poll(() => toast.current?.text).toContain("SQL copied");
    await fireEvent.click(within(item("publication")).getByText("Check again"));
    expect(again).toHaveBeenCalledOnce();
    vi.unstubAllGlobals();
  });

  it.each<[CheckOutcome, string | null, string[]]>([
    ["ok", null, []],
    ["unknown", null, []],
    ["absent", "create table t ();", ["Copy the SQL"]],
    ["absent", null, []],
    ["warning", null, ["Check again"]],
    ["failed", "create table t ();", ["Copy the SQL", "Check again"]],
  ])("that come out %s with the SQL %s offer %j", (outcome, sql, offered) => {
    const check = found({ members_part: { outcome, sql } });
    render(Checks, { check, running: false, onagain: vi.fn() });
    expect(item("members_part").dataset.outcome).toBe(outcome);
    expect(buttons("members_part")).toEqual(offered);
    expect(item("tables").querySelector("button")).toBeNull();
  });

  it("speak German", async () => {
    await speak("de");
    const check = found({
      row_security: {
        outcome: "failed",
        message:
          "Whoever has the key can read or write without signing in: chat_messages. Row level security is off there, or a policy lets everybody in.",
      },
      sync_part: {
        outcome: "unknown",
        message: "It could not be looked at: no answer in time",
      },
    });
    render(Checks, { check, running: false, onagain: vi.fn() });
    await expect.poll(() => item("row_security").textContent).toContain("Wer den Schlüssel hat");
    expect(item("row_security").textContent).toContain(": chat_messages. Row Level Security ist");
    expect(item("sync_part").textContent).toContain("keine Antwort in der vorgesehenen Zeit");
    expect(item("publication").querySelector("b")?.textContent).toBe("Realtime-Publikation");
  });
});

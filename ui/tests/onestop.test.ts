import { fireEvent, render, screen, waitFor } from "@testing-library/svelte";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { OutboxRow } from "../src/lib/bindings";
import Overlays from "../src/lib/shell/Overlays.svelte";
import { useBackend } from "../src/lib/state/engine.svelte";
import { sessions } from "../src/lib/state/sessions.svelte";
import { view } from "../src/lib/state/view.svelte";
import { oneStop } from "../src/lib/ui/stop";
import { HandBackend, session } from "./fixtures";

let end: (() => void) | undefined;
let list: HTMLElement;

/** A list of rows, each with so many controls; a row of one is a control itself. */
function lay(rows: Record<string, number>): void {
  document.body.innerHTML = "<div id='list'></div><button id='after'></button>";
  list = document.querySelector("#list") as HTMLElement;
  for (const [name, controls] of Object.entries(rows)) {
    const row = document.createElement("div");
    row.className = "row";
    for (let at = 0; at < controls; at += 1) {
      const button = document.createElement("button");
      button.id = `${name}${at}`;
      row.append(button);
    }
    list.append(row);
  }
  end = oneStop({ row: ".row", item: "button" })(list) ?? undefined;
}

const at = (id: string) => document.getElementById(id) as HTMLElement;
const stops = () => [...list.querySelectorAll("button")].filter((each) => each.tabIndex === 0);
const focused = () => document.activeElement?.id;
const press = (key: string, more = {}) =>
  fireEvent.keyDown(document.activeElement as HTMLElement, { key, ...more });

afterEach(() => {
  end?.();
  end = undefined;
  document.body.innerHTML = "";
  document.body.dir = "";
});

describe("a list that is one tab stop", () => {
  it("is entered at its first row, or at the current one, and kept where one was", async () => {
    lay({ a: 1, b: 1, c: 1 });
    expect(stops().map(({ id }) => id)).toEqual(["a0"]);
    at("b0").setAttribute("aria-current", "true");
    await waitFor(() => expect(stops().map(({ id }) => id)).toEqual(["b0"]));
    at("b0").focus();
    await press("ArrowDown");
    expect(focused()).toBe("c0");
    at("after").focus();
    expect(stops().map(({ id }) => id)).toEqual(["c0"]);
  });

  it("goes up and down in one column, and sideways in a row, to the ends and no further", async () => {
    lay({ a: 3, b: 2, c: 3 });
    at("a0").focus();
    for (const [key, id] of [
      ["ArrowUp", "a0"],
      ["ArrowRight", "a1"],
      ["ArrowRight", "a2"],
      ["ArrowRight", "a2"],
      ["ArrowDown", "b1"],
      ["ArrowDown", "c1"],
      ["ArrowDown", "c1"],
      ["Home", "a0"],
      ["End", "c0"],
      ["ArrowLeft", "c0"],
    ] as const) {
      await press(key);
      expect(focused(), key).toBe(id);
    }
    // With others they mean something else.
    await press("ArrowUp", { altKey: true });
    expect(focused()).toBe("c0");
  });

  it("goes the way the page runs", async () => {
    lay({ a: 2 });
    list.style.direction = "rtl";
    at("a0").focus();
    await press("ArrowLeft");
    expect(focused()).toBe("a1");
  });

  it("gives the focus to the row that takes the place of one that goes, and to none it has not", async () => {
    lay({ a: 1, b: 1, c: 1 });
    at("b0").focus();
    at("b0").closest(".row")?.remove();
    await waitFor(() => expect(focused()).toBe("c0"));
    at("c0").closest(".row")?.remove();
    await waitFor(() => expect(focused()).toBe("a0"));
    at("after").focus();
    at("a0").closest(".row")?.remove();
    await waitFor(() => expect(stops()).toEqual([]));
    expect(focused()).toBe("after");
  });

  it("keeps the focus on a row that is put elsewhere", async () => {
    lay({ a: 1, b: 1 });
    at("b0").focus();
    at("a0")
      .closest(".row")
      ?.before(at("b0").closest(".row") as HTMLElement);
    at("b0").blur();
    list.append(document.createElement("i"));
    await waitFor(() => expect(focused()).toBe("b0"));
  });
});

describe("what waits to be sent", () => {
  let backend: HandBackend;
  const row = (seq: number): OutboxRow => ({
    seq,
    session: "s",
    session_title: "Plans",
    message: `m${seq}`,
    change: "send",
    text: `text ${seq}`,
    state: { state: "failed", code: "refused", reason: "No." },
    attempts: 1,
    created_at: 0,
  });

  beforeEach(() => {
    backend = new HandBackend();
    useBackend(backend);
    sessions.apply([session("s")], []);
  });

  afterEach(() => {
    view.overlay = undefined;
    sessions.clear();
  });

  it("keeps the keyboard while one after another is given up", async () => {
    view.overlay = { kind: "outbox" };
    render(Overlays);
    (await backend.next("outbox")).answer([row(1), row(2)]);
    const discards = await screen.findAllByTestId("outbox-discard");
    expect(discards.map(({ tabIndex }) => tabIndex)).toEqual([-1, -1]);
    discards[0]?.focus();
    await fireEvent.click(discards[0] as HTMLElement);
    (await backend.next("discard_change")).answer({});
    (await backend.next("outbox")).answer([row(2)]);
    await waitFor(() => {
      const left = screen.getAllByTestId("outbox-discard");
      expect(left).toHaveLength(1);
      expect(document.activeElement).toBe(left[0]);
    });
  });
});

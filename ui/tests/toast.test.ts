import { fireEvent, render, screen } from "@testing-library/svelte";
import { flushSync, tick } from "svelte";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { shortcuts } from "../src/lib/shell/shortcuts";
import { app } from "../src/lib/state/app.svelte";
import { view } from "../src/lib/state/view.svelte";
import Toast from "../src/lib/ui/Toast.svelte";
import { clearToasts, showToast, toast } from "../src/lib/ui/toast.svelte";

const LIFE = 6000;
const run = vi.fn();
const undo = { icon: "undo", text: "Archived.", action: { label: "Undo", run } } as const;
const told = (text: string) => ({ icon: "info", text }) as const;
const failure = (text: string) => ({ icon: "bad", text, bad: true }) as const;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  run.mockReset();
  document.body.innerHTML = '<div data-region="composer"><textarea></textarea></div>';
  render(Toast);
});

afterEach(() => {
  clearToasts();
  vi.useRealTimers();
  document.body.replaceChildren();
});

const field = () => document.querySelector("textarea") as HTMLTextAreaElement;
function shows(next: Parameters<typeof showToast>[0]): void {
  showToast(next);
  flushSync();
}
function after(ms: number): string | undefined {
  vi.advanceTimersByTime(ms);
  flushSync();
  return toast.current?.text;
}

it("the newest is shown, and ends after a while", () => {
  shows(told("one"));
  after(LIFE - 1);
  shows(told("two"));
  expect(after(LIFE - 1)).toBe("two");
  expect(after(1)).toBeUndefined();
  expect(screen.queryByTestId("toast")).toBeNull();
});

it("a failure is not covered by what comes after it", () => {
  shows(failure("Not saved."));
  shows(told("two"));
  shows(told("three"));
  expect(toast.current?.text).toBe("Not saved.");
  expect(after(LIFE)).toBe("three");
  expect(after(LIFE)).toBeUndefined();
});

it("failures follow each other, each once", () => {
  for (const text of ["one", "two", "one", "two", "three"]) shows(failure(text));
  const seen = [toast.current?.text, after(LIFE), after(LIFE), after(LIFE)];
  expect(seen).toEqual(["one", "two", "three", undefined]);
});

it("one that can be undone is not lost to failures that come after it", () => {
  for (const text of ["one", "two"]) shows(failure(text));
  shows(undo);
  shows(failure("three"));
  const seen = [after(LIFE), after(LIFE), after(LIFE), after(LIFE)];
  expect(seen).toEqual(["two", "three", "Archived.", undefined]);
});

it("what held one does not hold the next", async () => {
  shows(undo);
  await fireEvent.pointerEnter(screen.getByTestId("toast"));
  shows(failure("Not saved."));
  // It is gone without a word about the pointer.
  await fireEvent.click(screen.getByTestId("toast-action"));
  flushSync();
  expect(toast.current?.text).toBe("Not saved.");
  expect(after(LIFE)).toBeUndefined();
});

it("one that is pointed at stays, and what came meanwhile is next", async () => {
  shows(undo);
  await fireEvent.pointerEnter(screen.getByTestId("toast"));
  shows(failure("Not saved."));
  shows(told("two"));
  expect(after(10 * LIFE)).toBe("Archived.");
  await fireEvent.pointerLeave(screen.getByTestId("toast"));
  expect([after(LIFE), after(LIFE), after(LIFE)]).toEqual(["Not saved.", "two", undefined]);
});

it("one that has the focus stays while the pointer passes over it", async () => {
  shows(undo);
  screen.getByTestId("toast-action").focus();
  await fireEvent.pointerEnter(screen.getByTestId("toast"));
  await fireEvent.pointerLeave(screen.getByTestId("toast"));
  expect(after(10 * LIFE)).toBe("Archived.");
});

it("its action, pressed by keys, gives the focus back", async () => {
  field().focus();
  shows(undo);
  screen.getByTestId("toast-action").focus();
  await fireEvent.click(screen.getByTestId("toast-action"));
  await tick();
  expect(run).toHaveBeenCalledOnce();
  expect(screen.queryByTestId("toast")).toBeNull();
  expect(document.activeElement).toBe(field());
});

it("Esc ends it and gives the focus back", async () => {
  field().focus();
  shows(undo);
  screen.getByTestId("toast-action").focus();
  await fireEvent.keyDown(screen.getByTestId("toast-action"), { key: "Escape" });
  await tick();
  expect(toast.current).toBeUndefined();
  expect(document.activeElement).toBe(field());
});

it("Shift+F6 goes to it first, from outside of all regions", () => {
  app.phase = { phase: "ready" };
  app.active = "here";
  shows(undo);
  shortcuts(new KeyboardEvent("keydown", { key: "F6", shiftKey: true, cancelable: true }));
  expect(document.activeElement).toBe(screen.getByTestId("toast-action"));
  app.active = undefined;
});

it.each([undefined, "storage"] as const)("F6 goes to it, in the settings too (%s)", (section) => {
  app.phase = { phase: "ready" };
  app.active = "here";
  view.settings = section;
  try {
    field().focus();
    shows(undo);
    shortcuts(new KeyboardEvent("keydown", { key: "F6", cancelable: true }));
    expect(document.activeElement).toBe(screen.getByTestId("toast-action"));
    shortcuts(new KeyboardEvent("keydown", { key: "F6", shiftKey: true, cancelable: true }));
    expect(document.activeElement).toBe(field());
  } finally {
    view.settings = undefined;
    app.active = undefined;
  }
});

import { fireEvent, render, screen } from "@testing-library/svelte";
import { afterEach, expect, it, vi } from "vitest";
import Overlays from "../src/lib/shell/Overlays.svelte";
import { view } from "../src/lib/state/view.svelte";

afterEach(() => {
  view.overlay = undefined;
});

it("does what was confirmed, after it closed", async () => {
  const run = vi.fn(() => view.overlay);
  view.overlay = {
    kind: "confirm",
    title: "Delete?",
    text: "For everyone.",
    action: "Delete",
    run,
  };
  render(Overlays);
  await fireEvent.click(screen.getByTestId("confirm-action"));
  expect(run).toHaveReturnedWith(undefined);
  expect(screen.queryByTestId("confirm")).toBeNull();
});

it("does nothing when it is cancelled", async () => {
  const run = vi.fn();
  view.overlay = {
    kind: "confirm",
    title: "Delete?",
    text: "For everyone.",
    action: "Delete",
    run,
  };
  render(Overlays);
  await fireEvent.click(screen.getByText("Cancel"));
  expect(run).not.toHaveBeenCalled();
  expect(view.overlay).toBeUndefined();
});

import { render, screen } from "@testing-library/svelte";
import { expect, it } from "vitest";
import Segmented from "../src/lib/ui/Segmented.svelte";

const options = ["5", "15", "60"].map((value) => ({ value, label: `${value} minutes` }));
const stops = () =>
  screen
    .getAllByRole("radio")
    .filter((radio) => radio.tabIndex === 0)
    .map((radio) => radio.dataset.value);

it.each([
  ["15", ["15"], 1],
  // Set elsewhere, or by another version.
  ["30", ["5"], 0],
])("with %s chosen Tab goes to %j", (value, stop, checked) => {
  render(Segmented, { label: "After", value, options, onchange: () => undefined });
  expect(stops()).toEqual(stop);
  const chosen = screen
    .getAllByRole("radio")
    .filter((each) => each.getAttribute("aria-checked") === "true");
  expect(chosen.length).toBe(checked);
});

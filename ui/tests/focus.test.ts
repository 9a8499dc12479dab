import { waitFor } from "@testing-library/svelte";
import { afterEach, beforeEach, expect, it } from "vitest";
import { keepFocus, trackFocus } from "../src/lib/ui/focus";

let root: HTMLElement;
let end: ReturnType<typeof keepFocus>;

/** A page of a list with two rows, beside another region. */
beforeEach(() => {
  document.body.innerHTML = `
    <div id="root">
      <section data-region="messages"><div id="list" tabindex="0">
        <div id="first"><button id="one">1</button></div>
        <div id="second"><button id="two">2</button></div>
      </div></section>
      <section data-region="composer"><textarea id="field" data-region-focus></textarea></section>
    </div>`;
  root = get("root");
  root.addEventListener("focusin", trackFocus);
  end = keepFocus(root);
});

afterEach(() => {
  end?.();
  document.body.replaceChildren();
});

function get(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (!found) throw new Error(`no #${id}`);
  return found;
}

it("goes to the list when the row that had it is gone", async () => {
  get("two").focus();
  get("second").remove();
  await waitFor(() => expect(document.activeElement).toBe(get("list")));
});

it("goes into the region when the list is gone as well", async () => {
  const region = document.querySelector<HTMLElement>("[data-region=messages]") as HTMLElement;
  region.insertAdjacentHTML("beforeend", "<button id=other>other</button>");
  get("two").focus();
  get("list").remove();
  await waitFor(() => expect(document.activeElement).toBe(get("other")));
});

it("stays where it is when something else goes", async () => {
  get("field").focus();
  get("second").remove();
  await new Promise(requestAnimationFrame);
  expect(document.activeElement).toBe(get("field"));
});

it("waits while something covers the window", async () => {
  get("two").focus();
  root.inert = true;
  get("two").blur();
  get("second").remove();
  await new Promise(requestAnimationFrame);
  expect(document.activeElement).toBe(document.body);
});

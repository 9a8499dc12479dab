import { render, screen } from "@testing-library/svelte";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { speak } from "../src/lib/i18n";
import PresenceCard from "../src/lib/sidebar/PresenceCard.svelte";
import { app } from "../src/lib/state/app.svelte";
import { settings as held } from "../src/lib/state/settings.svelte";
import { settings } from "./fixtures";

function sign(local: boolean, name: string): void {
  app.workspaces = [{ id: "w", name: "Lab", local, url: "https://lab.example", email: null }];
  app.active = "w";
  app.signIn = { state: "signed_in", account: { user_id: "u", email: null, name } };
}

describe("who one is", () => {
  beforeEach(() => {
    held.begin(settings);
  });
  afterEach(() => speak("en"));

  it.each([
    ["the local workspace's user, in the language of the window", true, "You", "Du"],
    ["by a name of one's own", true, "Noor", "Noor"],
    ["as the account of a project says", false, "You", "You"],
  ])("is %s", async (_, local, name, shown) => {
    await speak("de");
    sign(local, name);
    render(PresenceCard);
    expect(screen.getByTestId("presence-menu").querySelector("b")?.textContent).toBe(shown);
    await speak("en");
    await expect
      .poll(() => screen.getByTestId("presence-menu").querySelector("b")?.textContent)
      .toBe(name);
  });
});

import { fireEvent, render, screen, waitFor } from "@testing-library/svelte";
import { beforeEach, expect, it } from "vitest";
import StorageSection from "../src/lib/settings/StorageSection.svelte";
import { openSessionMenu } from "../src/lib/sidebar/sessionMenu";
import { useBackend } from "../src/lib/state/engine.svelte";
import Menu from "../src/lib/ui/Menu.svelte";
import { toast } from "../src/lib/ui/toast.svelte";
import { HandBackend, session } from "./fixtures";

let backend: HandBackend;

beforeEach(() => {
  backend = new HandBackend();
  useBackend(backend);
});

it("exports everything, one file at a time, and says where it is and what it lacks", async () => {
  render(StorageSection);
  await fireEvent.click(screen.getByTestId("export-json"));
  expect(backend.asked[0]).toMatchObject({
    command: "export",
    args: { session: null, format: "json" },
  });
  expect(screen.getByTestId<HTMLButtonElement>("export-markdown").disabled).toBe(true);
  backend.asked[0]?.answer({
    path: "/home/alice/x.json",
    sessions: 2,
    incomplete: 1,
    messages: 1200,
    unsent: 1,
  });
  await waitFor(() => expect(toast.current?.text).toContain("/home/alice/x.json"));
  expect(toast.current?.text).toContain("1,200 messages");
  expect(toast.current?.text).toContain("Of 1 session not everything");
  expect(toast.current?.text).toContain("1 of them has a change");
  expect(screen.getByTestId<HTMLButtonElement>("export-markdown").disabled).toBe(false);
});

it("says why an export failed, and lets it be tried again", async () => {
  render(StorageSection);
  await fireEvent.click(screen.getByTestId("export-markdown"));
  backend.asked[0]?.refuse({ code: "storage", message: "No space left.", details: null });
  await waitFor(() => expect(toast.current?.text).toContain("No space left."));
  expect(screen.getByTestId<HTMLButtonElement>("export-markdown").disabled).toBe(false);
});

it("exports one session from its menu", async () => {
  render(Menu);
  openSessionMenu(document.body, session("s"));
  await fireEvent.click(await screen.findByTestId("session-export-markdown"));
  expect(backend.asked[0]).toMatchObject({
    command: "export",
    args: { session: "s", format: "markdown" },
  });
});

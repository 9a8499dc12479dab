import { fireEvent, render, screen, waitFor } from "@testing-library/svelte";
import { beforeEach, expect, it } from "vitest";
import { importFile, PIECE } from "../src/lib/settings/imports";
import StorageSection from "../src/lib/settings/StorageSection.svelte";
import { openSessionMenu } from "../src/lib/sidebar/sessionMenu";
import { app } from "../src/lib/state/app.svelte";
import { useBackend } from "../src/lib/state/engine.svelte";
import Menu from "../src/lib/ui/Menu.svelte";
import { dismissToast, toast } from "../src/lib/ui/toast.svelte";
import { HandBackend, session } from "./fixtures";

let backend: HandBackend;

const workspace = { id: "w", name: "Local", local: true, url: "", email: null };
const nothing = { sessions: 0, messages: 0, known: 0, left_out: 0, unsent: 0, undone: 0 };

beforeEach(() => {
  app.workspaces = [workspace];
  app.active = "w";
  backend = new HandBackend();
  useBackend(backend);
});

it("exports everything, one file at a time, and says where it is and what it lacks", async () => {
  render(StorageSection);
  await fireEvent.click(screen.getByTestId("export-json"));
  const asked = await backend.next("export");
  expect(asked.args).toEqual({ session: null, format: "json" });
  expect(screen.getByTestId<HTMLButtonElement>("export-markdown").disabled).toBe(true);
  asked.answer({
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
  (await backend.next("export")).refuse({
    code: "storage",
    message: "No space left.",
    details: null,
  });
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

it("hands a file over in pieces that cut no letter, and says what came of it", async () => {
  const content = `${"x".repeat(PIECE - 1)}ü and the rest`;
  const done = importFile(new Blob([content]));
  await waitFor(() => expect(backend.asked.length).toBe(1));
  backend.asked[0]?.answer({ imported: null });
  await waitFor(() => expect(backend.asked.length).toBe(2));
  const imported = { sessions: 2, messages: 40, known: 3, left_out: 1, unsent: 5, undone: 1 };
  backend.asked[1]?.answer({ imported });
  expect(await done).toMatchObject({ messages: 40 });
  const pieces = backend.asked.map((each) => each.args as { text: string; last: boolean });
  expect(pieces.map((piece) => piece.text).join("")).toBe(content);
  expect(pieces.map((piece) => piece.last)).toEqual([false, true]);
  expect(toast.current?.text).toContain("40 messages were imported.");
  expect(toast.current?.text).toContain("3 entries were here already");
  expect(toast.current?.text).toContain("1 message has no text");
  expect(toast.current?.text).toContain("5 messages had not been sent; they are here");
  expect(toast.current?.text).toContain("1 change or deletion had not been sent and was not");
});

it("hands nothing over after a refusal, and nothing of what is no text", async () => {
  const done = importFile(new Blob(["x".repeat(2 * PIECE)]));
  await waitFor(() => expect(backend.asked.length).toBe(1));
  backend.asked[0]?.refuse({ code: "invalid", message: "Too large.", details: null });
  expect(await done).toBeUndefined();
  expect(backend.asked.length).toBe(1);
  expect(toast.current?.text).toContain("Too large.");
  dismissToast();
  expect(await importFile(new Blob([new Uint8Array([0xff, 0xfe, 0x00])]))).toBeUndefined();
  expect(backend.asked.length).toBe(1);
  expect(toast.current?.text).toContain("is not a text file");
});

it("takes the file that was chosen, in the local workspace only", async () => {
  render(StorageSection);
  const input = screen.getByTestId<HTMLInputElement>("import-file");
  await fireEvent.change(input, { target: { files: [new File(["{}"], "x.json")] } });
  const asked = await backend.next("import");
  expect(asked.args).toEqual({ piece: 0, text: "{}", last: true });
  expect(screen.getByTestId<HTMLButtonElement>("import-choose").disabled).toBe(true);
  asked.answer({ imported: nothing });
  await waitFor(() =>
    expect(screen.getByTestId<HTMLButtonElement>("import-choose").disabled).toBe(false),
  );
  app.workspaces = [{ ...workspace, local: false }];
  await waitFor(() => expect(screen.queryByTestId("import-choose")).toBeNull());
});

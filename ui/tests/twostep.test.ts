import { fireEvent, render, screen, waitFor } from "@testing-library/svelte";
import { tick } from "svelte";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Account, SignInState } from "../src/lib/bindings";
import SignInForm from "../src/lib/onboarding/SignInForm.svelte";
import AccountSection from "../src/lib/settings/AccountSection.svelte";
import Overlays from "../src/lib/shell/Overlays.svelte";
import { app } from "../src/lib/state/app.svelte";
import { useBackend } from "../src/lib/state/engine.svelte";
import { view } from "../src/lib/state/view.svelte";
import { toast } from "../src/lib/ui/toast.svelte";
import { HandBackend } from "./fixtures";

const EMAIL = "alice@example.com";
const ALICE: Account = { user_id: "alice", email: EMAIL, name: "alice" };
const SIGNED_IN: SignInState = { state: "signed_in", account: ALICE };
const WAITING: SignInState = {
  state: "second_factor",
  email: EMAIL,
  factors: [
    { id: "f1", name: "Phone" },
    { id: "f2", name: null },
  ],
};

let backend: HandBackend;

beforeEach(() => {
  backend = new HandBackend();
  useBackend(backend);
  app.signIn = { state: "signed_out" };
  app.workspaces = [{ id: "w", name: "Work", local: false, url: "https://w", email: EMAIL }];
  app.active = "w";
});

afterEach(() => {
  view.overlay = undefined;
});

async function fill(testid: string, value: string): Promise<void> {
  await fireEvent.input(screen.getByTestId(testid), { target: { value } });
}

async function click(testid: string): Promise<void> {
  await fireEvent.click(screen.getByTestId(testid));
}

async function shows(providers: string[] = []): Promise<() => void> {
  const done = vi.fn();
  render(SignInForm, { onsignedin: done });
  await offered(providers);
  return done;
}

/** The project tells what it offers, and the form shows it. */
async function offered(providers: string[]): Promise<void> {
  (await backend.next("sign_in_options")).answer({ providers });
  for (const provider of providers) await screen.findByTestId(`provider-${provider}`);
}

async function refuse(
  command: Parameters<HandBackend["next"]>[0],
  message: string,
  code = "refused",
): Promise<void> {
  (await backend.next(command)).refuse({ code, message, details: null });
}

describe("a sign-in that asks for a second factor", () => {
  it("asks for the code, says what is wrong with it, and signs in", async () => {
    const done = await shows();
    await fill("signin-password", "correct horse");
    await click("signin-submit");
    (await backend.next("sign_in")).answer(WAITING);
    const code = await screen.findByLabelText("Code from your authenticator app");
    expect(document.activeElement).toBe(code);
    expect(screen.getByRole("heading").textContent).toBe("Enter the code of your app");
    expect(screen.queryByTestId("signin-password")).toBeNull();
    expect(done).not.toHaveBeenCalled();
    expect(screen.getByTestId("factor-submit")).toHaveProperty("disabled", true);

    await fill("factor-code", "111 111");
    await click("factor-submit");
    await refuse("verify_factor", "This code is wrong.");
    expect((await screen.findByRole("alert")).textContent).toContain("This code is wrong.");
    await fill("factor-code", "602214");
    await click("factor-submit");
    const shown = await backend.next("verify_factor");
    expect(shown.args).toEqual({ factor: "f1", code: "602214" });
    shown.answer(SIGNED_IN);
    await waitFor(() => expect(done).toHaveBeenCalledOnce());
    expect(app.account).toEqual(ALICE);
  });

  it("is taken up where it was left, with whichever app is chosen, and can be given up", async () => {
    app.signIn = WAITING;
    const done = vi.fn();
    render(SignInForm, { onsignedin: done });
    expect(screen.getByTestId("factor-which").textContent).toContain("Phone");
    await click("factor-back");
    const out = await backend.next("sign_out");
    expect(out.args).toEqual({});
    out.answer({});
    expect(await screen.findByTestId("signin-password")).toBeTruthy();
    expect(app.signIn.state).toBe("signed_out");
    expect(done).not.toHaveBeenCalled();
  });

  it("asks for a new password after the code, when the old one was forgotten", async () => {
    const done = await shows();
    await click("signin-forgot");
    (await backend.next("reset_password")).answer({});
    await screen.findByTestId("code-input");
    await fill("code-input", "123456");
    await click("code-submit");
    (await backend.next("verify_code")).answer(WAITING);
    await screen.findByTestId("factor-code");
    expect(view.overlay).toBeUndefined();
    await fill("factor-code", "602214");
    await click("factor-submit");
    (await backend.next("verify_factor")).answer(SIGNED_IN);
    await waitFor(() => expect(view.overlay).toEqual({ kind: "password", recovery: true }));
    expect(done).toHaveBeenCalledOnce();
  });
});

describe("signing in with a provider", () => {
  it("is offered for those that the project has switched on, and for no other", async () => {
    await shows(["github", "google"]);
    expect(screen.getByTestId("provider-github").textContent).toContain("Continue with GitHub");
    expect(screen.getByTestId("provider-google").textContent).toContain("Continue with Google");
  });

  it("is not offered by a project out of reach", async () => {
    render(SignInForm, { onsignedin: vi.fn() });
    await refuse("sign_in_options", "No network.", "offline");
    await tick();
    expect(screen.queryByText("or")).toBeNull();
    expect(screen.queryByRole("alert")).toBeNull();
  });

  it("waits for the browser, and goes on when it comes back", async () => {
    const done = await shows(["github"]);
    await click("provider-github");
    expect(screen.getByRole("status").textContent).toContain("Waiting for the browser.");
    expect(screen.getByRole("heading").textContent).toBe("Continue in your browser");
    expect(screen.getByText(/sign you in to Work with GitHub/)).toBeTruthy();
    const asked = await backend.next("sign_in_with_provider");
    expect(asked.args).toEqual({ provider: "github" });
    asked.answer(SIGNED_IN);
    await waitFor(() => expect(done).toHaveBeenCalledOnce());
    expect(app.account).toEqual(ALICE);
  });

  it("is given up without a word", async () => {
    await shows(["github"]);
    await click("provider-github");
    const asked = await backend.next("sign_in_with_provider");
    await click("browser-cancel");
    (await backend.next("cancel_sign_in")).answer({});
    asked.refuse({ code: "cancelled", message: "It was cancelled.", details: null });
    await offered(["github"]);
    expect(screen.queryByRole("alert")).toBeNull();
  });

  it("says why it failed", async () => {
    await shows(["github"]);
    await click("provider-github");
    await refuse("sign_in_with_provider", "It was refused in the browser.");
    await offered(["github"]);
    const problem = await screen.findByTestId("provider-problem");
    expect(problem.textContent).toContain("refused in the browser");
  });

  it("ends the wait when the form is closed", async () => {
    const { unmount } = render(SignInForm, { onsignedin: vi.fn() });
    await offered(["github"]);
    await click("provider-github");
    await backend.next("sign_in_with_provider");
    unmount();
    await backend.next("cancel_sign_in");
  });
});

describe("authenticator apps in the settings", () => {
  beforeEach(() => {
    app.signIn = SIGNED_IN;
  });

  it("are added with a picture, a key and a code", async () => {
    render(AccountSection);
    (await backend.next("factors")).answer([]);
    await click("settings-add-factor");
    render(Overlays);
    const name = await screen.findByTestId("factor-name");
    expect(document.activeElement).toBe(name);
    await fill("factor-name", " Phone ");
    await click("factor-save");
    const made = await backend.next("enrol_factor");
    expect(made.args).toEqual({ name: "Phone" });
    made.answer({ factor: "f1", secret: "ABCDEFGHIJ", qr_size: 21, qr_path: "M0 0h1v1h-1z" });
    expect((await screen.findByTestId("factor-key")).textContent).toBe("ABCD EFGH IJ");
    const picture = screen.getByTestId("factor-qr");
    expect(picture.getAttribute("viewBox")).toBe("0 0 29 29");
    expect(document.activeElement).toBe(screen.getByTestId("factor-code"));

    await fill("factor-code", "111111");
    await click("factor-save");
    await refuse("verify_factor", "This code is wrong.");
    expect((await screen.findByRole("alert")).textContent).toContain("This code is wrong.");
    await fill("factor-code", "602214");
    await click("factor-save");
    const shown = await backend.next("verify_factor");
    expect(shown.args).toEqual({ factor: "f1", code: "602214" });
    shown.answer(SIGNED_IN);
    await waitFor(() => expect(view.overlay).toBeUndefined());
    expect(toast.current?.text).toContain("asks for a code");
    (await backend.next("factors")).answer([{ id: "f1", name: "Phone" }]);
    expect((await screen.findByTestId("settings-factor")).textContent).toContain("Phone");
    expect(backend.names()).toEqual([]);
  });

  it("are taken back when adding is given up", async () => {
    view.overlay = { kind: "add-factor", onadded: vi.fn() };
    render(Overlays);
    await screen.findByTestId("factor-name");
    await click("factor-save");
    (await backend.next("enrol_factor")).answer({
      factor: "f1",
      secret: "ABCD",
      qr_size: 0,
      qr_path: "",
    });
    await screen.findByTestId("factor-key");
    expect(screen.queryByTestId("factor-qr")).toBeNull();
    await click("factor-cancel");
    expect((await backend.next("remove_factor")).args).toEqual({ factor: "f1" });
    expect(view.overlay).toBeUndefined();
  });

  it("are removed when that is confirmed", async () => {
    render(AccountSection);
    (await backend.next("factors")).answer([{ id: "f1", name: "Phone" }]);
    await screen.findByTestId("settings-factor");
    await click("settings-remove-factor");
    render(Overlays);
    expect(backend.asked).toEqual([]);
    await click("confirm-action");
    const removed = await backend.next("remove_factor");
    expect(removed.args).toEqual({ factor: "f1" });
    removed.answer({});
    (await backend.next("factors")).answer([]);
    await waitFor(() => expect(screen.queryByTestId("settings-factor")).toBeNull());
  });

  it("say why they are not known", async () => {
    render(AccountSection);
    await refuse("factors", "The server could not be reached.", "offline");
    expect(await screen.findByText("The server could not be reached.")).toBeTruthy();
  });
});

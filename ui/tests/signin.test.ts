import { fireEvent, render, screen, waitFor } from "@testing-library/svelte";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Account, SignInState } from "../src/lib/bindings";
import SignInForm from "../src/lib/onboarding/SignInForm.svelte";
import AccountSection from "../src/lib/settings/AccountSection.svelte";
import PasswordDialog from "../src/lib/settings/PasswordDialog.svelte";
import Overlays from "../src/lib/shell/Overlays.svelte";
import { app } from "../src/lib/state/app.svelte";
import { useBackend } from "../src/lib/state/engine.svelte";
import { view } from "../src/lib/state/view.svelte";
import { toast } from "../src/lib/ui/toast.svelte";
import { HandBackend } from "./fixtures";

const EMAIL = "alice@example.com";
const ALICE: Account = { user_id: "alice", email: EMAIL, name: "alice" };
const SIGNED_IN: SignInState = { state: "signed_in", account: ALICE };

let backend: HandBackend;

beforeEach(() => {
  backend = new HandBackend();
  useBackend(backend);
  app.signIn = { state: "signed_out" };
  app.workspaces = [{ id: "w", name: "Work", local: false, url: "https://w", email: null }];
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

function shows(onsignedin: () => void) {
  const form = render(SignInForm, { onsignedin });
  void backend.next("sign_in_options").then((asked) => asked.answer({ providers: [] }));
  return form;
}

async function refuse(
  command: Parameters<HandBackend["next"]>[0],
  message: string,
  code = "refused",
): Promise<void> {
  (await backend.next(command)).refuse({ code, message, details: null });
}

describe("signing in by a code", () => {
  it("asks for the mail address first, and sends the code there", async () => {
    const done = vi.fn();
    shows(done);
    await click("signin-code");
    expect(screen.getByRole("alert").textContent).toContain("Enter your mail address first.");
    expect(document.activeElement).toBe(screen.getByTestId("signin-email"));
    expect(backend.asked).toEqual([]);

    await fill("signin-email", ` ${EMAIL} `);
    expect(screen.queryByRole("alert")).toBeNull();
    await click("signin-code");
    const asked = await backend.next("request_code");
    expect(asked.args).toEqual({ email: EMAIL });
    asked.answer({});
    const code = await screen.findByLabelText("Code from the mail");
    expect(document.activeElement).toBe(code);
    expect(screen.getByRole("status").textContent).toContain(EMAIL);
    expect(screen.getByRole("heading").textContent).toBe("Enter the code");

    await fill("code-input", "602 214");
    await click("code-submit");
    const verified = await backend.next("verify_code");
    expect(verified.args).toEqual({ email: EMAIL, code: "602 214", purpose: "sign_in" });
    verified.answer(SIGNED_IN);
    await waitFor(() => expect(done).toHaveBeenCalledOnce());
    expect(app.account).toEqual(ALICE);
    expect(view.overlay).toBeUndefined();
  });

  it("says what is wrong with a code, sends another, and goes back", async () => {
    shows(vi.fn());
    await fill("signin-email", EMAIL);
    await click("signin-code");
    (await backend.next("request_code")).answer({});
    await screen.findByTestId("code-input");
    expect(screen.getByTestId("code-submit")).toHaveProperty("disabled", true);

    await fill("code-input", "1");
    await click("code-submit");
    await refuse("verify_code", "This code is wrong.");
    expect((await screen.findByRole("alert")).textContent).toContain("This code is wrong.");
    await click("code-again");
    (await backend.next("request_code")).answer({});
    expect(await screen.findByText(/Asked for another mail/)).toBeTruthy();
    expect(screen.queryByRole("alert")).toBeNull();

    await click("code-back");
    expect(screen.getByTestId("signin-email")).toHaveProperty("value", EMAIL);
    expect(document.activeElement).toBe(screen.getByTestId("signin-email"));
  });

  it("stays where it is when no code was sent", async () => {
    shows(vi.fn());
    await fill("signin-email", EMAIL);
    await click("signin-code");
    await refuse("request_code", "No code was sent.");
    expect((await screen.findByRole("alert")).textContent).toContain("No code was sent.");
    expect(screen.queryByTestId("code-input")).toBeNull();
  });
});

it("asks for the code of an account that was just made", async () => {
  const done = vi.fn();
  shows(done);
  await click("signin-turn");
  expect(screen.queryByTestId("signin-forgot")).toBeNull();
  await fill("signin-email", EMAIL);
  await fill("signin-password", "correct horse");
  await click("signin-submit");
  const made = await backend.next("sign_up");
  made.answer({ outcome: "confirmation_pending", email: EMAIL });
  await screen.findByTestId("code-input");
  await fill("code-input", "602214");
  await click("code-again");
  const again = await backend.next("resend_code");
  expect(again.args).toEqual({ email: EMAIL });
  again.answer({});
  await screen.findByText(/Asked for another mail/);
  await click("code-submit");
  const verified = await backend.next("verify_code");
  expect(verified.args).toMatchObject({ purpose: "sign_up" });
  verified.answer(SIGNED_IN);
  await waitFor(() => expect(done).toHaveBeenCalledOnce());
});

describe("a forgotten password", () => {
  it("is replaced after the code, even when the form went away meanwhile", async () => {
    const done = vi.fn();
    const { unmount } = shows(done);
    await fill("signin-email", EMAIL);
    await click("signin-forgot");
    (await backend.next("reset_password")).answer({});
    await screen.findByTestId("code-input");
    await fill("code-input", "602214");
    await click("code-submit");
    const verified = await backend.next("verify_code");
    expect(verified.args).toMatchObject({ purpose: "recovery" });
    unmount();
    verified.answer(SIGNED_IN);
    await waitFor(() => expect(view.overlay).toEqual({ kind: "password", recovery: true }));
    expect(done).toHaveBeenCalledOnce();
    render(Overlays);
    expect(await screen.findByText("Choose a new password")).toBeTruthy();
  });

  it("is told why a new one is not taken", async () => {
    view.overlay = { kind: "password", recovery: true };
    render(PasswordDialog, { recovery: true });
    expect(document.activeElement).toBe(screen.getByLabelText("New password"));
    await fill("password-new", "12345");
    await click("password-save");
    await refuse("set_password", "This password is too weak.");
    expect((await screen.findByRole("alert")).textContent).toContain("too weak");

    await fill("password-new", "battery staple");
    await click("password-save");
    const set = await backend.next("set_password");
    expect(set.args).toEqual({ password: "battery staple" });
    set.answer({});
    await waitFor(() => expect(view.overlay).toBeUndefined());
    expect(toast.current?.text).toBe("Your password is changed.");
  });
});

describe("one's own name", () => {
  it("is changed in the settings", async () => {
    app.signIn = SIGNED_IN;
    render(AccountSection);
    await click("settings-name");
    expect(view.overlay).toEqual({ kind: "own-name", name: "alice" });
    render(Overlays);
    expect(await screen.findByTestId("own-name")).toHaveProperty("value", "alice");
    expect(screen.getByTestId("own-name-save")).toHaveProperty("disabled", true);
    await fill("own-name", " Alice Example ");
    await click("own-name-save");
    await refuse("set_name", "The server could not be reached.", "offline");
    expect((await screen.findByRole("alert")).textContent).toContain("could not be reached");
    await click("own-name-save");
    const set = await backend.next("set_name");
    expect(set.args).toEqual({ name: "Alice Example" });
    set.answer({ ...ALICE, name: "Alice Example" });
    await waitFor(() => expect(view.overlay).toBeUndefined());
    expect(toast.current?.text).toBe("You are called Alice Example now.");
  });
});

describe("a change of the password", () => {
  it("asks for a code from a mail only when the project does", async () => {
    app.signIn = SIGNED_IN;
    view.overlay = { kind: "password", recovery: false };
    render(Overlays);
    await screen.findByTestId("password-new");
    expect(screen.queryByTestId("password-code")).toBeNull();
    await fill("password-new", "battery staple");
    await click("password-save");
    await refuse("set_password", "The project asks for a code.", "reauthentication");
    await refuse("request_password_code", "No more mails for now.");
    expect((await screen.findByRole("alert")).textContent).toContain("No more mails for now.");
    expect(screen.getByTestId("password-code-sent").textContent).not.toContain(EMAIL);
    expect(document.activeElement).toBe(screen.getByTestId("password-code"));
    expect(screen.getByTestId("password-save")).toHaveProperty("disabled", true);

    await click("password-code-again");
    (await backend.next("request_password_code")).answer({});
    await waitFor(() =>
      expect(screen.getByTestId("password-code-sent").textContent).toContain(EMAIL),
    );
    await fill("password-code", "111111");
    await click("password-save");
    await refuse("set_password", "This code is wrong.", "credentials");
    expect((await screen.findByRole("alert")).textContent).toContain("This code is wrong.");
    await fill("password-code", "602 214");
    await click("password-save");
    const set = await backend.next("set_password");
    expect(set.args).toEqual({ password: "battery staple", code: "602 214" });
    set.answer({});
    await waitFor(() => expect(view.overlay).toBeUndefined());
    expect(toast.current?.text).toBe("Your password is changed.");
  });
});

describe("the account in the settings", () => {
  it("offers a new password and signing out everywhere", async () => {
    app.signIn = SIGNED_IN;
    render(AccountSection);
    (await backend.next("factors")).answer([]);
    await click("settings-password");
    expect(view.overlay).toEqual({ kind: "password", recovery: false });

    await click("settings-sign-out-everywhere");
    render(Overlays);
    expect(backend.asked).toEqual([]);
    await click("confirm-action");
    expect((await backend.next("sign_out")).args).toEqual({ scope: "everywhere" });
  });

  it("offers neither to nobody, nor in the local workspace", () => {
    const { unmount } = render(AccountSection);
    expect(screen.queryByTestId("settings-password")).toBeNull();
    unmount();
    app.signIn = SIGNED_IN;
    app.workspaces = app.workspaces.map((each) => ({ ...each, local: true }));
    render(AccountSection);
    expect(screen.queryByTestId("settings-sign-out-everywhere")).toBeNull();
  });
});

// Signing up, in and out, refreshing, and changing the user.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import {
  connect,
  disconnectAll,
  service,
  signInAgain,
  signUp,
  succeed,
  without,
} from "./support.mjs";

const claimsOf = (token) => JSON.parse(Buffer.from(token.split(".")[1], "base64url"));

/** @param {() => import("./support.mjs").Target} getTarget */
export function registerAuth(getTarget) {
  describe("auth", () => {
    let alice;

    before(async () => {
      alice = await signUp(getTarget(), "Alice");
    });
    after(disconnectAll);

    const refuse = async (promise, code, status) => {
      const { error } = await promise;
      assert.notEqual(error, null, `expected ${code}`);
      if (code) assert.equal(error.code, code, error.message);
      if (status) assert.equal(error.status, status);
      return error;
    };

    describe("sign-up", () => {
      test("gives a session with the documented claims", () => {
        const { session } = alice;
        assert.equal(session.token_type, "bearer");
        assert.equal(session.user.email, alice.email);
        assert.equal(session.user.aud, "authenticated");
        const now = Date.now() / 1000;
        assert.ok(Math.abs(session.expires_at - now - session.expires_in) < 60);
        const claims = claimsOf(session.access_token);
        assert.equal(claims.sub, alice.id);
        assert.equal(claims.role, "authenticated");
        for (const name of ["aud", "email", "exp", "iat", "session_id"]) {
          assert.ok(name in claims, `${name} is missing`);
        }
      });

      test("gives a token that names its issuer", (t) => {
        if (without(t, getTarget(), "issuer_claim")) return;
        assert.ok(claimsOf(alice.session.access_token).iss.startsWith("http"));
      });

      test("keeps what the client says about the user", async (t) => {
        const client = connect(getTarget());
        const { data, error } = await client.auth.signUp({
          email: `bob-${randomUUID()}@example.com`,
          password: randomUUID(),
          options: { data: { name: "Bob" } },
        });
        assert.equal(error, null);
        assert.equal(data.user.user_metadata.name, "Bob");
        if (without(t, getTarget(), "metadata_claims")) return;
        assert.equal(claimsOf(data.session.access_token).user_metadata?.name, "Bob");
      });

      test("of a known address is refused", async () => {
        const { email } = alice;
        const again = connect(getTarget()).auth.signUp({ email, password: randomUUID() });
        await refuse(again, "user_already_exists", 422);
      });

      test("with a weak password is refused", async (t) => {
        if (without(t, getTarget(), "weak_password")) return;
        const email = `mallory-${randomUUID()}@example.com`;
        const weak = connect(getTarget()).auth.signUp({ email, password: "123" });
        await refuse(weak, "weak_password", 422);
      });
    });

    describe("sign-in", () => {
      test("with the password gives a session of its own", async () => {
        const again = await signInAgain(getTarget(), alice);
        assert.equal(again.session.user.id, alice.id);
        assert.notEqual(again.session.refresh_token, alice.session.refresh_token);
        const { data, error } = await again.client.auth.getUser();
        assert.equal(error, null);
        assert.equal(data.user.email, alice.email);
      });

      test("with a wrong password or address says the same", async () => {
        const client = connect(getTarget());
        const wrong = { email: alice.email, password: randomUUID() };
        const first = await refuse(client.auth.signInWithPassword(wrong), "invalid_credentials");
        const unknown = { email: `nobody-${randomUUID()}@example.com`, password: "whatever" };
        const second = await refuse(client.auth.signInWithPassword(unknown), "invalid_credentials");
        assert.equal(first.status, 400);
        assert.equal(first.message, second.message);
      });

      test("a token that is none is refused", async (t) => {
        if (without(t, getTarget(), "malformed_tokens")) return;
        await refuse(connect(getTarget()).auth.getUser("a.b.c"), "bad_jwt", 403);
      });
    });

    describe("refresh", () => {
      test("rotates the refresh token", async () => {
        const { client, session } = await signInAgain(getTarget(), alice);
        const { data, error } = await client.auth.refreshSession();
        assert.equal(error, null);
        assert.notEqual(data.session.refresh_token, session.refresh_token);
        const claims = claimsOf(data.session.access_token);
        assert.equal(claims.session_id, claimsOf(session.access_token).session_id);
      });

      test("a token used a moment ago gives the current session", async (t) => {
        if (without(t, getTarget(), "refresh_reuse")) return;
        const { session } = await signInAgain(getTarget(), alice);
        const { refresh_token } = session;
        const first = await connect(getTarget()).auth.refreshSession({ refresh_token });
        assert.equal(first.error, null);
        const second = await connect(getTarget()).auth.refreshSession({ refresh_token });
        assert.equal(second.error, null);
        assert.equal(second.data.session.refresh_token, first.data.session.refresh_token);
        // And the chain goes on from there.
        const { refresh_token: current } = second.data.session;
        const third = await connect(getTarget()).auth.refreshSession({ refresh_token: current });
        assert.equal(third.error, null);
      });

      test("racing refreshes leave the session alive", async (t) => {
        if (without(t, getTarget(), "refresh_races")) return;
        const { session } = await signInAgain(getTarget(), alice);
        const { refresh_token } = session;
        const race = () => connect(getTarget()).auth.refreshSession({ refresh_token });
        const answers = await Promise.all([race(), race(), race()]);
        for (const { error } of answers) assert.equal(error, null);
        for (const { data } of answers) {
          const next = { refresh_token: data.session.refresh_token };
          const { error } = await connect(getTarget()).auth.refreshSession(next);
          assert.equal(error, null);
        }
      });

      test("an unknown token is refused", async (t) => {
        if (without(t, getTarget(), "unknown_refresh_token")) return;
        const unknown = { refresh_token: "neverissued1" };
        const { status } = await refuse(
          connect(getTarget()).auth.refreshSession(unknown),
          "refresh_token_not_found",
        );
        assert.equal(status, 400);
      });
    });

    describe("sign-out", () => {
      const refreshed = async ({ session }) => {
        const { refresh_token } = session;
        const { error } = await connect(getTarget()).auth.refreshSession({ refresh_token });
        return error;
      };

      test("locally ends this session and no other", async () => {
        const one = await signInAgain(getTarget(), alice);
        const two = await signInAgain(getTarget(), alice);
        assert.equal((await one.client.auth.signOut({ scope: "local" })).error, null);
        assert.match((await refreshed(one)).code, /^(refresh_token|session)_not_found$/);
        assert.equal(await refreshed(two), null);
      });

      test("of the others ends all but this", async () => {
        const one = await signInAgain(getTarget(), alice);
        const two = await signInAgain(getTarget(), alice);
        assert.equal((await one.client.auth.signOut({ scope: "others" })).error, null);
        assert.notEqual(await refreshed(two), null);
        assert.equal(await refreshed(one), null);
      });

      test("globally ends them all, and the access token with them", async (t) => {
        const bob = await signUp(getTarget(), "Bob");
        const two = await signInAgain(getTarget(), bob);
        assert.equal((await bob.client.auth.signOut()).error, null);
        assert.notEqual(await refreshed(bob), null);
        assert.notEqual(await refreshed(two), null);
        if (without(t, getTarget(), "revoked_access_tokens")) return;
        const revoked = connect(getTarget()).auth.getUser(two.session.access_token);
        // The client's own name for session_not_found.
        assert.equal((await refuse(revoked)).name, "AuthSessionMissingError");
      });
    });

    describe("the user", () => {
      test("can change metadata, which a refresh carries into the token", async (t) => {
        const { client } = await signInAgain(getTarget(), alice);
        const { data, error } = await client.auth.updateUser({ data: { theme: "dark" } });
        assert.equal(error, null);
        assert.equal(data.user.user_metadata.theme, "dark");
        if (without(t, getTarget(), "metadata_claims")) return;
        const next = await client.auth.refreshSession();
        assert.equal(claimsOf(next.data.session.access_token).user_metadata?.theme, "dark");
      });

      test("can change the password, and then needs the new one", async () => {
        const bob = await signUp(getTarget(), "Bob");
        const password = randomUUID();
        assert.equal((await bob.client.auth.updateUser({ password })).error, null);
        await signInAgain(getTarget(), { ...bob, password });
        const client = connect(getTarget());
        const { email, password: old } = bob;
        await refuse(
          client.auth.signInWithPassword({ email, password: old }),
          "invalid_credentials",
        );
      });

      test("cannot set the password it has", async (t) => {
        if (without(t, getTarget(), "same_password")) return;
        const bob = await signUp(getTarget(), "Bob");
        const { password } = bob;
        await refuse(bob.client.auth.updateUser({ password }), "same_password", 422);
      });

      test("can be made and deleted by the service role", async (t) => {
        if (without(t, getTarget(), "admin")) return;
        const { admin } = service(getTarget()).auth;
        const email = `carol-${randomUUID()}@example.com`;
        const password = randomUUID();
        const made = succeed(await admin.createUser({ email, password, email_confirm: true }));
        await signInAgain(getTarget(), { email, password });
        succeed(await admin.deleteUser(made.user.id));
        const gone = connect(getTarget()).auth.signInWithPassword({ email, password });
        await refuse(gone, "invalid_credentials");
        const stranger = connect(getTarget()).auth.admin.createUser({ email, password });
        assert.ok((await refuse(stranger)).status >= 401);
      });
    });
  });
}

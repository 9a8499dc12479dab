// Second factors: enrolling an authenticator app, showing its codes, removing it.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, describe, test } from "node:test";
import { connect, disconnectAll, service, signInAgain, signUp, succeed } from "./support.mjs";
import { codeOf, wrongCodeOf } from "./totp.mjs";

const claimsOf = (token) => JSON.parse(Buffer.from(token.split(".")[1], "base64url"));

/** A new user with a verified factor, signed in with both. The code of now is used up. */
export async function enrolled(target, name) {
  const person = await signUp(target, name);
  const { mfa } = person.client.auth;
  const factor = succeed(await mfa.enroll({ factorType: "totp", friendlyName: "Phone" }));
  const code = codeOf(factor.totp.secret);
  succeed(await mfa.challengeAndVerify({ factorId: factor.id, code }));
  return { ...person, factor, secret: factor.totp.secret };
}

/** @param {() => import("./support.mjs").Target} getTarget */
export function registerMfa(getTarget) {
  describe("second factors", () => {
    after(disconnectAll);

    const refuse = async (promise, code, status) => {
      const { data, error } = await promise;
      assert.notEqual(error, null, `expected ${code}, got ${JSON.stringify(data)}`);
      assert.deepEqual([error.code, error.status], [code, status], error.message);
    };
    const levels = async (client) => {
      const { currentLevel, nextLevel } = succeed(
        await client.auth.mfa.getAuthenticatorAssuranceLevel(),
      );
      return [currentLevel, nextLevel];
    };

    const nextCode = ({ secret }) => codeOf(secret, { steps: 1 });

    test("an app is enrolled, and a code of it makes the session one with two factors", async () => {
      const alice = await signUp(getTarget(), "Alice");
      const { mfa } = alice.client.auth;
      assert.deepEqual(await levels(alice.client), ["aal1", "aal1"]);

      const factor = succeed(
        await mfa.enroll({ factorType: "totp", friendlyName: "Phone", issuer: "Tests" }),
      );
      assert.deepEqual([factor.type, factor.friendly_name], ["totp", "Phone"]);
      assert.match(factor.totp.secret, /^[A-Z2-7]{32}$/);
      assert.match(factor.totp.qr_code, /^data:image\/svg\+xml;utf-8,<svg /);
      const uri = new URL(factor.totp.uri);
      assert.equal(uri.protocol, "otpauth:");
      assert.equal(uri.searchParams.get("secret"), factor.totp.secret);
      assert.equal(uri.searchParams.get("issuer"), "Tests");
      assert.ok(decodeURIComponent(uri.pathname).endsWith(`Tests:${alice.email}`));
      // Not verified yet: nothing more is asked for, and it is listed apart.
      const before = succeed(await mfa.listFactors());
      assert.deepEqual([before.all.length, before.totp.length], [1, 0]);
      assert.equal(before.all[0].status, "unverified");
      assert.deepEqual(await levels(alice.client), ["aal1", "aal1"]);

      const challenge = succeed(await mfa.challenge({ factorId: factor.id }));
      assert.equal(challenge.type, "totp");
      assert.ok(challenge.expires_at > Date.now() / 1000);
      const session = succeed(
        await mfa.verify({
          factorId: factor.id,
          challengeId: challenge.id,
          code: codeOf(factor.totp.secret),
        }),
      );
      assert.equal(session.token_type, "bearer");
      assert.equal(session.user.factors[0].status, "verified");
      const claims = claimsOf(session.access_token);
      assert.equal(claims.aal, "aal2");
      assert.deepEqual(
        claims.amr.map((it) => it.method),
        ["totp", "password"],
      );
      assert.equal(claims.session_id, claimsOf(alice.session.access_token).session_id);
      assert.deepEqual(await levels(alice.client), ["aal2", "aal2"]);
      const listed = succeed(await mfa.listFactors());
      assert.deepEqual(
        listed.totp.map((it) => [it.id, it.friendly_name]),
        [[factor.id, "Phone"]],
      );
      assert.ok(!JSON.stringify(listed).includes(factor.totp.secret));
    });

    test("a refresh keeps what was shown, and tokens from before are worth nothing", async () => {
      const alice = await enrolled(getTarget(), "Alice");
      const next = succeed(await alice.client.auth.refreshSession());
      const claims = claimsOf(next.session.access_token);
      assert.deepEqual([claims.aal, claims.amr[0].method], ["aal2", "totp"]);
      const { refresh_token } = alice.session;
      const old = connect(getTarget()).auth.refreshSession({ refresh_token });
      await refuse(old, "refresh_token_not_found", 400);
    });

    test("the next sign-in has one factor until a code is shown", async () => {
      const alice = await enrolled(getTarget(), "Alice");
      const again = await signInAgain(getTarget(), alice);
      assert.equal(claimsOf(again.session.access_token).aal, "aal1");
      assert.deepEqual(await levels(again.client), ["aal1", "aal2"]);
      const code = nextCode(alice);
      succeed(await again.client.auth.mfa.challengeAndVerify({ factorId: alice.factor.id, code }));
      assert.deepEqual(await levels(again.client), ["aal2", "aal2"]);
      // The other session, which has both, goes on.
      succeed(await alice.client.auth.refreshSession());
    });

    test("enrolling ends the sessions that have one factor only", async () => {
      const alice = await signUp(getTarget(), "Alice");
      const other = await signInAgain(getTarget(), alice);
      const { mfa } = alice.client.auth;
      const factor = succeed(await mfa.enroll({ factorType: "totp" }));
      const code = codeOf(factor.totp.secret);
      succeed(await mfa.challengeAndVerify({ factorId: factor.id, code }));
      const { refresh_token } = other.session;
      const ended = connect(getTarget()).auth.refreshSession({ refresh_token });
      await refuse(ended, "refresh_token_not_found", 400);
      succeed(await alice.client.auth.refreshSession());
    });

    test("a wrong code is refused, and the right one still counts", async () => {
      const alice = await enrolled(getTarget(), "Alice");
      const { client } = await signInAgain(getTarget(), alice);
      const factorId = alice.factor.id;
      const { id: challengeId } = succeed(await client.auth.mfa.challenge({ factorId }));
      for (const code of [wrongCodeOf(alice.secret), "12345", "abcdef", ""]) {
        const wrong = client.auth.mfa.verify({ factorId, challengeId, code });
        await refuse(wrong, "mfa_verification_failed", 422);
      }
      assert.deepEqual(await levels(client), ["aal1", "aal2"]);
      const code = nextCode(alice);
      succeed(await client.auth.mfa.verify({ factorId, challengeId, code }));
    });

    test("neither a code nor a challenge counts twice", async () => {
      const alice = await enrolled(getTarget(), "Alice");
      const { client } = await signInAgain(getTarget(), alice);
      const { mfa } = client.auth;
      const factorId = alice.factor.id;
      const { id: challengeId } = succeed(await mfa.challenge({ factorId }));
      const code = nextCode(alice);
      succeed(await mfa.verify({ factorId, challengeId, code }));
      await refuse(mfa.challengeAndVerify({ factorId, code }), "mfa_verification_failed", 422);
      const again = mfa.verify({ factorId, challengeId, code });
      await refuse(again, "mfa_ip_address_mismatch", 422);
    });

    test("codes cannot be guessed at will", async () => {
      const alice = await enrolled(getTarget(), "Alice");
      const { client } = await signInAgain(getTarget(), alice);
      const factorId = alice.factor.id;
      const wrong = wrongCodeOf(alice.secret);
      for (let guess = 0; guess < 10; guess += 1) {
        const attempt = client.auth.mfa.challengeAndVerify({ factorId, code: wrong });
        await refuse(attempt, "mfa_verification_failed", 422);
      }
      const code = nextCode(alice);
      const right = client.auth.mfa.challengeAndVerify({ factorId, code });
      await refuse(right, "over_request_rate_limit", 429);
    });

    test("another's factor, an unknown one and a challenge of another factor are not found", async () => {
      const alice = await enrolled(getTarget(), "Alice");
      const mallory = await enrolled(getTarget(), "Mallory");
      const { mfa } = mallory.client.auth;
      for (const factorId of [alice.factor.id, randomUUID()]) {
        await refuse(mfa.challenge({ factorId }), "mfa_factor_not_found", 404);
        await refuse(mfa.unenroll({ factorId }), "mfa_factor_not_found", 404);
      }
      const challenge = await alice.client.auth.mfa.challenge({ factorId: alice.factor.id });
      const foreign = mfa.verify({
        factorId: mallory.factor.id,
        challengeId: succeed(challenge).id,
        code: nextCode(mallory),
      });
      await refuse(foreign, "mfa_factor_not_found", 422);
      await refuse(mfa.challenge({ factorId: "x" }), "validation_failed", 404);
    });

    test("two factors of a user have two names", async () => {
      const alice = await enrolled(getTarget(), "Alice");
      const { mfa } = alice.client.auth;
      const same = mfa.enroll({ factorType: "totp", friendlyName: "Phone" });
      await refuse(same, "mfa_factor_name_conflict", 422);
      succeed(await mfa.enroll({ factorType: "totp", friendlyName: "Tablet" }));
      await refuse(
        mfa.enroll({ factorType: "phone", friendlyName: "SMS", phone: "+4915112345678" }),
        "mfa_phone_enroll_not_enabled",
        422,
      );
    });

    test("a session with one factor neither adds nor removes, nor changes the password", async () => {
      const alice = await enrolled(getTarget(), "Alice");
      const { client } = await signInAgain(getTarget(), alice);
      const { mfa } = client.auth;
      const add = mfa.enroll({ factorType: "totp", friendlyName: "Mallory's" });
      await refuse(add, "insufficient_aal", 403);
      await refuse(mfa.unenroll({ factorId: alice.factor.id }), "insufficient_aal", 422);
      await refuse(client.auth.updateUser({ password: randomUUID() }), "insufficient_aal", 401);
      assert.equal((await client.auth.updateUser({ data: { theme: "dark" } })).error, null);
    });

    test("without its factor an account asks for the password alone", async () => {
      const alice = await enrolled(getTarget(), "Alice");
      const { mfa } = alice.client.auth;
      const removed = succeed(await mfa.unenroll({ factorId: alice.factor.id }));
      assert.equal(removed.id, alice.factor.id);
      const next = succeed(await alice.client.auth.refreshSession());
      assert.equal(claimsOf(next.session.access_token).aal, "aal1");
      assert.deepEqual(await levels(alice.client), ["aal1", "aal1"]);
      const again = await signInAgain(getTarget(), alice);
      assert.deepEqual(await levels(again.client), ["aal1", "aal1"]);
    });

    test("who has lost a factor is helped by the service role, and by nobody else", async () => {
      const alice = await enrolled(getTarget(), "Alice");
      const mallory = await signUp(getTarget(), "Mallory");
      const { admin } = service(getTarget()).auth;
      const { factors } = succeed(await admin.mfa.listFactors({ userId: alice.id }));
      assert.deepEqual(
        factors.map((it) => it.id),
        [alice.factor.id],
      );
      const ids = { id: alice.factor.id, userId: alice.id };
      assert.notEqual((await mallory.client.auth.admin.mfa.deleteFactor(ids)).error, null);
      succeed(await admin.mfa.deleteFactor(ids));
      const again = await signInAgain(getTarget(), alice);
      assert.deepEqual(await levels(again.client), ["aal1", "aal1"]);
    });
  });
}

// The official client against a local server that is as impatient as the hosted one can be.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startLocal } from "./local.mjs";
import { enrolled } from "./suite/mfa.mjs";
import { browse, pkceClient } from "./suite/pkce.mjs";
import {
  connect,
  disconnectAll,
  eventually,
  Inbox,
  messageOf,
  openSession,
  signUp,
  subscribe,
  subscribed,
  succeed,
} from "./suite/support.mjs";
import { codeOf } from "./suite/totp.mjs";

/** Moves the server's clock to so many seconds after its own. */
async function later(target, seconds) {
  const answer = await fetch(`${target.url}/_test/clock`, {
    method: "POST",
    headers: { apikey: target.service_role_key, "content-type": "application/json" },
    body: JSON.stringify({ seconds }),
  });
  assert.equal(answer.status, 204);
}

describe("refresh tokens that are never taken twice", () => {
  let local;

  before(async () => {
    local = await startLocal(["--reuse-interval", "0"]);
  });
  after(() => local?.stop());

  test("a token of two rotations ago ends the whole session", async () => {
    const alice = await signUp(local.target, "Alice");
    const refresh = (refresh_token) => connect(local.target).auth.refreshSession({ refresh_token });
    const chain = [alice.session.refresh_token];
    for (let step = 0; step < 2; step += 1) {
      const { data, error } = await refresh(chain.at(-1));
      assert.equal(error, null);
      chain.push(data.session.refresh_token);
    }
    const stolen = await refresh(chain[0]);
    assert.equal(stolen.error.code, "refresh_token_already_used");
    assert.equal(stolen.error.status, 400);
    const honest = await refresh(chain[2]);
    assert.notEqual(honest.error, null);
  });
});

describe("a server whose clock moves on", () => {
  let local;

  before(async () => {
    local = await startLocal(["--test-hooks", "--stub-providers", "github"]);
  });
  after(async () => {
    await disconnectAll();
    await local?.stop();
  });

  test("a challenge that is too old is refused, and the next one is not", async (t) => {
    t.after(() => later(local.target, 0));
    const alice = await enrolled(local.target, "Alice");
    const { mfa } = alice.client.auth;
    const factorId = alice.factor.id;
    const { id: challengeId } = succeed(await mfa.challenge({ factorId }));
    await later(local.target, 301);
    const code = codeOf(alice.secret, { now: Date.now() + 301_000 });
    const { error } = await mfa.verify({ factorId, challengeId, code });
    assert.deepEqual([error.code, error.status], ["mfa_challenge_expired", 422]);
    succeed(await mfa.challengeAndVerify({ factorId, code }));
  });

  test("a provider's code that is too old is refused", async (t) => {
    t.after(() => later(local.target, 0));
    const client = pkceClient(local.target);
    const code = (await browse(client)).searchParams.get("code");
    await later(local.target, 301);
    const { error } = await client.auth.exchangeCodeForSession(code);
    assert.deepEqual([error.code, error.status], ["flow_state_expired", 403]);
  });
});

describe("a server that changes passwords of recent sessions alone", () => {
  let local;

  before(async () => {
    const code = ["--fixed-code", "602214"];
    local = await startLocal(["--test-hooks", "--secure-password-change", ...code]);
  });
  after(async () => {
    await disconnectAll();
    await local?.stop();
  });

  test("a day later a code is needed, and good once", async () => {
    const alice = await signUp(local.target, "Alice");
    const { auth } = alice.client;
    const refused = async (change, code, status) => {
      const { error } = await auth.updateUser(change);
      assert.deepEqual([error?.code, error?.status], [code, status]);
    };
    succeed(await auth.updateUser({ password: "the second one" }));
    await later(local.target, 25 * 3600);
    succeed(await auth.refreshSession());
    const password = "the third one";
    await refused({ password }, "reauthentication_needed", 400);
    await refused({ password, nonce: "602214" }, "reauthentication_not_valid", 422);
    succeed(await auth.reauthenticate());
    await refused({ password, nonce: "111111" }, "reauthentication_not_valid", 422);
    succeed(await auth.updateUser({ password, nonce: "602214" }));
    const fourth = { password: "the fourth one", nonce: "602214" };
    await refused(fourth, "reauthentication_not_valid", 422);
    succeed(await auth.updateUser({ data: { display_name: "Alice" } }));
    const { email } = alice;
    succeed(await connect(local.target).auth.signInWithPassword({ email, password }));
  });
});

describe("a provider whose user says no", () => {
  let local;

  before(async () => {
    local = await startLocal(["--stub-providers", "github", "--stub-consent", "denied"]);
  });
  after(() => local?.stop());

  test("the browser comes back with the reason, in the query and in the fragment", async () => {
    const back = await browse(pkceClient(local.target));
    assert.equal(back.port, "4444");
    for (const told of [back.searchParams, new URLSearchParams(back.hash.slice(1))]) {
      assert.equal(told.get("error"), "access_denied");
      assert.match(told.get("error_description"), /denied/);
      assert.equal(told.get("code"), null);
    }
  });
});

describe("tokens that live for three seconds", () => {
  let local;

  before(async () => {
    local = await startLocal(["--token-lifetime", "3"]);
  });
  after(async () => {
    await disconnectAll();
    await local?.stop();
  });

  for (const vsn of ["1.0.0", "2.0.0"]) {
    test(`vsn ${vsn}: a channel ends with its token, and a new one takes its place`, async () => {
      const alice = await signUp(local.target, "Alice", { vsn });
      const channel = alice.client.channel("short");
      const { statuses, systems } = await subscribe(channel);
      const system = await systems.take((it) => it.status === "error", "the end of the token");
      assert.match(system.message, /^Token has expired \d+ seconds ago$/);
      assert.equal(system.extension, "system");
      assert.equal((await statuses.take()).status, "CLOSED");

      const { error } = await alice.client.auth.refreshSession();
      assert.equal(error, null);
      await alice.client.removeChannel(channel);
      await subscribe(alice.client.channel("short"));
      await alice.client.removeAllChannels();
    });

    test(`vsn ${vsn}: a channel whose token is refreshed outlives it`, async () => {
      const alice = await signUp(local.target, "Alice", { vsn });
      const chat = await openSession(alice);
      const changes = new Inbox();
      const binding = { event: "INSERT", schema: "public", table: "chat_messages" };
      const channel = alice.client
        .channel("long")
        .on("postgres_changes", binding, (it) => changes.push(it));
      const { systems } = await subscribe(channel, { changes: true });
      const { expires_at: exp } = alice.session;
      // Refreshed until the first token is surely over.
      await eventually(async () => {
        const { data, error } = await alice.client.auth.refreshSession();
        assert.equal(error, null);
        await alice.client.realtime.setAuth();
        return data.session.expires_at > exp + 3 ? true : undefined;
      }, "a token that was issued after the first had ended");
      await subscribed(systems);
      succeed(await alice.client.from("chat_messages").insert(messageOf(alice, chat, "late")));
      assert.equal((await changes.take()).new.content, "late");
      assert.deepEqual(
        systems.items.filter((it) => it.status === "error"),
        [],
      );
      await alice.client.removeAllChannels();
    });
  }
});

describe("a server as slow and strict as the hosted one", () => {
  let local;

  before(async () => {
    local = await startLocal(["--hosted-realtime"]);
  });
  after(async () => {
    await disconnectAll();
    await local?.stop();
  });

  test("the join is answered well before the changes flow", async () => {
    const alice = await signUp(local.target, "Alice");
    const binding = { event: "*", schema: "public", table: "chat_messages" };
    const channel = alice.client.channel("late").on("postgres_changes", binding, () => {});
    const { systems } = await subscribe(channel);
    const joined = performance.now();
    await subscribed(systems);
    assert.ok(performance.now() - joined > 1000);
    await alice.client.removeAllChannels();
  });

  test("a refused join takes its five seconds", async () => {
    const anon = connect(local.target);
    const asked = performance.now();
    const channel = anon.channel("private", { config: { private: true } });
    await assert.rejects(subscribe(channel), /Unauthorized/);
    assert.ok(performance.now() - asked > 4900);
    await anon.removeAllChannels();
  });

  test("the sixth presence call closes the channel", async () => {
    const alice = await signUp(local.target, "Alice");
    const channel = alice.client.channel("eager");
    const { statuses, systems } = await subscribe(channel);
    for (let call = 0; call < 5; call += 1) assert.equal(await channel.track({ call }), "ok");
    channel.track({ call: 6 });
    assert.equal((await systems.take()).message, "Client presence rate limit exceeded");
    assert.equal((await statuses.take()).status, "CLOSED");
    await alice.client.removeAllChannels();
  });
});

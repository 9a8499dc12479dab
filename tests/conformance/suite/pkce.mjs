// Signing in with a provider: the client's own PKCE flow, with a browser that only follows.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { connect, disconnectAll, succeed } from "./support.mjs";

const HERE = "http://127.0.0.1:4444/callback/own-path";

/** A client that keeps its verifier in memory. */
export function pkceClient(target) {
  const kept = new Map();
  const storage = {
    getItem: (name) => kept.get(name) ?? null,
    setItem: (name, value) => kept.set(name, value),
    removeItem: (name) => kept.delete(name),
  };
  return connect(target, { auth: { flowType: "pkce", storage } });
}

/** Goes to the provider, and comes back with the address that the browser is sent to. */
export async function browse(client, options = {}) {
  const { url } = succeed(
    await client.auth.signInWithOAuth({
      provider: "github",
      options: { redirectTo: HERE, skipBrowserRedirect: true, ...options },
    }),
  );
  let answer = await fetch(url, { redirect: "manual" });
  const page = answer.headers.get("location");
  if (page?.includes("/auth/v1/consent")) {
    const html = await (await fetch(page)).text();
    const allow = html.match(/id="allow" href="([^"]+)"/)[1].replaceAll("&amp;", "&");
    answer = await fetch(new URL(allow, page), { redirect: "manual" });
  }
  assert.equal(answer.status, 302, await answer.text());
  return new URL(answer.headers.get("location"));
}

/** @param {() => import("./support.mjs").Target} getTarget */
export function registerPkce(getTarget) {
  describe("sign-in with a provider", () => {
    after(disconnectAll);

    const refuse = async (promise, code, status) => {
      const { error } = await promise;
      assert.notEqual(error, null, `expected ${code}`);
      assert.deepEqual([error.code, error.status], [code, status], error.message);
    };

    test("the code that the browser brings back is exchanged for a session", async () => {
      const client = pkceClient(getTarget());
      const back = await browse(client);
      assert.equal(`${back.origin}${back.pathname}`, HERE);
      assert.equal(back.hash, "");
      const { session, user } = succeed(
        await client.auth.exchangeCodeForSession(back.searchParams.get("code")),
      );
      assert.equal(user.app_metadata.provider, "github");
      assert.equal(session.token_type, "bearer");
      const { user: own } = succeed(await client.auth.getUser());
      assert.equal(own.id, user.id);
      const claims = JSON.parse(Buffer.from(session.access_token.split(".")[1], "base64url"));
      assert.equal(claims.amr[0].method, "oauth");
      succeed(await client.auth.refreshSession());
    });

    test("whoever comes again is the same user", async () => {
      const ids = [];
      for (const client of [pkceClient(getTarget()), pkceClient(getTarget())]) {
        const code = (await browse(client)).searchParams.get("code");
        ids.push(succeed(await client.auth.exchangeCodeForSession(code)).user.id);
      }
      assert.equal(ids[0], ids[1]);
    });

    test("a stolen code is worth nothing to another client", async () => {
      const [alice, mallory] = [pkceClient(getTarget()), pkceClient(getTarget())];
      const code = (await browse(alice)).searchParams.get("code");
      await browse(mallory);
      await refuse(mallory.auth.exchangeCodeForSession(code), "bad_code_verifier", 400);
      succeed(await alice.auth.exchangeCodeForSession(code));
    });

    test("a code is good once, and an unknown one is none", async () => {
      const client = pkceClient(getTarget());
      const code = (await browse(client)).searchParams.get("code");
      succeed(await client.auth.exchangeCodeForSession(code));
      await browse(client);
      await refuse(client.auth.exchangeCodeForSession(code), "flow_state_not_found", 404);
    });

    test("an unknown provider is refused", async () => {
      const { url } = succeed(
        await pkceClient(getTarget()).auth.signInWithOAuth({
          provider: "apple",
          options: { redirectTo: HERE, skipBrowserRedirect: true },
        }),
      );
      const answer = await fetch(url, { redirect: "manual" });
      assert.equal(answer.status, 400);
      assert.equal((await answer.json()).error_code, "validation_failed");
    });

    test("a browser is not sent to a stranger", async () => {
      const back = await browse(pkceClient(getTarget()), { redirectTo: "https://evil.example/" });
      assert.equal(back.origin, new URL(getTarget().url).origin);
    });
  });
}

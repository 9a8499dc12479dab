// Who may do what: four verbs, four kinds of user, four tables.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { connect, disconnectAll, openSession, service, signUp, succeed } from "./support.mjs";

const TABLES = {
  chat_sessions: {
    key: "id",
    row: (owner) => ({ id: `s-${randomUUID()}`, user_id: owner.id, title: "before" }),
    change: { title: "after" },
  },
  chat_messages: {
    key: "id",
    row: (owner) => ({
      id: randomUUID(),
      session_id: owner.chat,
      user_id: owner.id,
      content: "before",
      role: "user",
    }),
    change: { content: "after" },
  },
  user_presence: {
    key: "user_id",
    row: (owner) => ({ user_id: owner.id, session_id: owner.chat, status: "online" }),
    change: { status: "away" },
  },
  crypto_prices: {
    key: "id",
    row: () => ({ id: randomUUID(), symbol: "BTC", price: "1.10" }),
    change: { symbol: "ETH" },
  },
};

const USERS = ["alice on her own rows", "alice on bob's rows", "anon", "service_role"];

/** What must come of it: done, hidden (success without rows) or refused (42501). */
function expectation(table, verb, user) {
  if (user === "service_role") return "done";
  const refused = verb === "insert" ? "refused" : "hidden";
  if (user === "anon") return refused;
  if (table === "crypto_prices") return verb === "select" ? "done" : refused;
  return user === "alice on her own rows" ? "done" : refused;
}

/** @param {() => import("./support.mjs").Target} getTarget */
export function registerRestMatrix(getTarget) {
  describe("verb × user × table", () => {
    let owners;
    let actors;
    let root;

    before(async () => {
      const target = getTarget();
      const alice = await signUp(target, "Alice");
      const bob = await signUp(target, "Bob");
      for (const person of [alice, bob]) person.chat = await openSession(person);
      root = service(target);
      owners = {
        "alice on her own rows": alice,
        "alice on bob's rows": bob,
        anon: alice,
        service_role: alice,
      };
      actors = {
        "alice on her own rows": alice.client,
        "alice on bob's rows": alice.client,
        anon: connect(target),
        service_role: root,
      };
    });
    after(disconnectAll);

    for (const [table, { key, row, change }] of Object.entries(TABLES)) {
      for (const user of USERS) {
        const stored = async (value) =>
          succeed(await root.from(table).select().eq(key, value)).at(0) ?? null;
        const remove = async (value) => succeed(await root.from(table).delete().eq(key, value));
        const prepare = async () => {
          const fresh = row(owners[user]);
          await remove(fresh[key]);
          succeed(await root.from(table).insert(fresh));
          return fresh;
        };
        const title = (verb) => `${user}: ${verb} ${table}: ${expectation(table, verb, user)}`;

        test(title("select"), async () => {
          const fresh = await prepare();
          const answer = await actors[user].from(table).select().eq(key, fresh[key]);
          const count = expectation(table, "select", user) === "done" ? 1 : 0;
          assert.equal(answer.error, null);
          assert.equal(answer.status, 200);
          assert.equal(answer.data.length, count);
          await remove(fresh[key]);
        });

        test(title("insert"), async () => {
          const fresh = row(owners[user]);
          await remove(fresh[key]);
          const answer = await actors[user].from(table).insert(fresh).select();
          if (expectation(table, "insert", user) === "done") {
            assert.equal(succeed(answer).length, 1);
            assert.equal(answer.status, 201);
            assert.notEqual(await stored(fresh[key]), null);
          } else {
            assert.equal(answer.error?.code, "42501");
            const lacks = getTarget().lacks ?? {};
            const anonymous = user === "anon" && !("anonymous_401" in lacks);
            assert.equal(answer.status, anonymous ? 401 : 403);
            assert.equal(await stored(fresh[key]), null);
          }
          await remove(fresh[key]);
        });

        test(title("update"), async () => {
          const fresh = await prepare();
          const answer = await actors[user].from(table).update(change).eq(key, fresh[key]).select();
          assert.equal(answer.error, null);
          assert.equal(answer.status, 200);
          const [column, value] = Object.entries(change)[0];
          if (expectation(table, "update", user) === "done") {
            assert.equal(answer.data[0][column], value);
            assert.equal((await stored(fresh[key]))[column], value);
          } else {
            assert.deepEqual(answer.data, []);
            assert.notEqual((await stored(fresh[key]))[column], value);
          }
          await remove(fresh[key]);
        });

        test(title("delete"), async () => {
          const fresh = await prepare();
          const answer = await actors[user].from(table).delete().eq(key, fresh[key]);
          assert.equal(answer.error, null);
          assert.equal(answer.status, 204);
          const done = expectation(table, "delete", user) === "done";
          assert.equal((await stored(fresh[key])) === null, done);
          await remove(fresh[key]);
        });
      }
    }
  });
}

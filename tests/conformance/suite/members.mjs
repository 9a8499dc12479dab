// The members part: who may do what in a session that several people share, and how one comes in.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { gather, share, USERS } from "./people.mjs";
import { disconnectAll, messageOf, succeed } from "./support.mjs";

/**
 * What must come of each verb: the users for whom it is done, those who are refused (42501), and
 * for everybody else success without rows. `row` is the row that is inserted or there, in the
 * name of `who`; `of` is the person of a role.
 */
const CASES = {
  "the session": {
    table: "chat_sessions",
    row: (_, chat) => ({ id: chat }),
    fresh: (of) => ({ id: `s-${randomUUID()}`, user_id: of("owner").id, title: "before" }),
    change: { title: "after" },
    select: { done: ["owner", "member", "reader"] },
    insert: { done: ["owner"] },
    update: { done: ["owner"] },
    delete: { done: ["owner"] },
  },
  "a message of the owner": {
    table: "chat_messages",
    row: (of, chat) => messageOf(of("owner"), chat, "before", { id: randomUUID() }),
    change: { content: "after" },
    select: { done: ["owner", "member", "reader"] },
    insert: { done: ["owner"] },
    update: { done: ["owner"] },
    delete: { done: ["owner"] },
  },
  "a message of the member": {
    table: "chat_messages",
    row: (of, chat) => messageOf(of("member"), chat, "before", { id: randomUUID() }),
    change: { content: "after" },
    select: { done: ["owner", "member", "reader"] },
    insert: { done: ["member"] },
    update: { done: ["member"], refused: ["owner"] },
    delete: { done: ["owner", "member"] },
  },
  "a message of the reader": {
    table: "chat_messages",
    row: (of, chat) => messageOf(of("reader"), chat, "before", { id: randomUUID() }),
    change: { content: "after" },
    select: { done: ["owner", "member", "reader"] },
    insert: { done: [] },
    update: { done: [], refused: ["owner"] },
    delete: { done: ["owner"] },
  },
  "a message of the assistant": {
    table: "chat_messages",
    row: (_, chat) => ({
      id: randomUUID(),
      session_id: chat,
      user_id: null,
      role: "assistant",
      content: "before",
    }),
    change: { content: "after" },
    select: { done: ["owner", "member", "reader"] },
    insert: { done: ["owner"] },
    update: { done: ["owner"] },
    delete: { done: ["owner"] },
  },
  "the presence of the reader": {
    table: "user_presence",
    key: "user_id",
    row: (of, chat) => ({ user_id: of("reader").id, session_id: chat }),
    change: { status: "away" },
    select: { done: ["owner", "member", "reader"] },
    insert: { done: ["reader"] },
    update: { done: ["reader"] },
    delete: { done: ["reader"] },
  },
  "the membership of the reader": {
    table: "chat_session_members",
    kept: (of, chat) => ({ session_id: chat, user_id: of("reader").id }),
    row: (of, chat) => ({
      id: randomUUID(),
      session_id: chat,
      user_id: of("reader").id,
      role: "reader",
    }),
    change: { role: "member" },
    select: { done: ["owner", "member", "reader"] },
    insert: { done: [] },
    update: { done: ["owner"] },
    delete: { done: ["owner", "reader"] },
  },
  "the membership of the owner": {
    table: "chat_session_members",
    kept: (of, chat) => ({ session_id: chat, user_id: of("owner").id }),
    row: (of, chat) => ({
      id: randomUUID(),
      session_id: chat,
      user_id: of("owner").id,
      role: "owner",
    }),
    change: { role: "member" },
    select: { done: ["owner", "member", "reader"] },
    insert: { done: [] },
    update: { done: [] },
    delete: { done: [] },
  },
  "an invitation": {
    table: "chat_session_invites",
    row: (_, chat) => ({
      id: randomUUID(),
      session_id: chat,
      role: "member",
      code_hash: randomUUID(),
      expires_at: "2100-01-01T00:00:00Z",
    }),
    change: { role: "reader" },
    select: { done: ["owner"] },
    insert: { done: [] },
    update: { done: [], refused: USERS },
    delete: { done: ["owner"] },
  },
  "the profile of the member": {
    table: "chat_profiles",
    key: "user_id",
    row: (of) => ({ user_id: of("member").id, display_name: "before" }),
    change: { display_name: "after" },
    select: { done: ["owner", "member", "reader"] },
    insert: { done: ["member"] },
    update: { done: ["member"] },
    delete: { done: ["member"] },
  },
};

function expectation(rules, verb, user) {
  if (user === "service_role" || rules[verb].done.includes(user)) return "done";
  return verb === "insert" || rules[verb].refused?.includes(user) ? "refused" : "hidden";
}

/** @param {() => import("./support.mjs").Target} getTarget */
export function registerMembers(getTarget) {
  describe("the members part", () => {
    let people;
    const of = (role) => people[role];

    before(async () => {
      people = await gather(getTarget());
    });
    after(disconnectAll);

    test("its view says that it is there, and its version", async () => {
      for (const user of USERS) {
        const { client } = of(user);
        assert.deepEqual(succeed(await client.from("chat_members_info").select()), [
          { version: 1 },
        ]);
      }
    });

    describe("verb × user × row", () => {
      for (const [name, rules] of Object.entries(CASES)) {
        const { table, key = "id", change, row, kept, fresh = row } = rules;
        const [column, value] = Object.entries(change)[0];
        for (const user of USERS) {
          const rows = () => of(user).client.from(table);
          const stored = async (id) =>
            succeed(await of("root").client.from(table).select().eq(key, id)).at(0) ?? null;
          const prepare = async () => {
            const chat = await share(people);
            const root = of("root").client.from(table);
            if (kept) return succeed(await root.select().match(kept(of, chat)).single())[key];
            const row = rules.row(of, chat);
            if (table !== "chat_sessions") succeed(await root.upsert(row));
            return row[key];
          };
          const title = (verb) => `${user}: ${verb} ${name}: ${expectation(rules, verb, user)}`;
          const check = async (answer, outcome) => {
            if (outcome === "refused") {
              assert.equal(answer.error?.code, "42501", JSON.stringify(answer));
            } else {
              const count = outcome === "done" ? 1 : 0;
              assert.equal(succeed(answer).length, count, JSON.stringify(answer));
            }
          };

          test(title("select"), async () => {
            const id = await prepare();
            await check(await rows().select().eq(key, id), expectation(rules, "select", user));
          });

          test(title("insert"), async () => {
            const chat = await share(people);
            const root = of("root").client.from(table);
            const row = fresh(of, chat);
            const there = kept ? kept(of, chat) : { [key]: row[key] };
            succeed(await root.delete().match(there));
            const outcome = expectation(rules, "insert", user);
            await check(await rows().insert(row).select(), outcome);
            assert.equal((await stored(row[key])) !== null, outcome === "done");
          });

          test(title("update"), async () => {
            const id = await prepare();
            const outcome = expectation(rules, "update", user);
            await check(await rows().update(change).eq(key, id).select(), outcome);
            assert.equal((await stored(id))[column] === value, outcome === "done");
          });

          test(title("delete"), async () => {
            const id = await prepare();
            const outcome = expectation(rules, "delete", user);
            await check(await rows().delete().eq(key, id).select(), outcome);
            assert.equal((await stored(id)) === null, outcome === "done");
          });
        }
      }
    });

    describe("rules", () => {
      let chat;
      const insert = (role, row) => of(role).client.from("chat_messages").insert(row).select();
      const refused = (answer) => assert.equal(answer.error?.code, "42501", JSON.stringify(answer));
      const membersOf = async (role, session = chat) =>
        succeed(
          await of(role)
            .client.from("chat_session_members")
            .select("user_id,role")
            .eq("session_id", session)
            .order("joined_at")
            .order("role"),
        );

      before(async () => {
        chat = await share(people);
      });

      test("who opens a session owns it, and sees it in the answer", async () => {
        const row = { id: `s-${randomUUID()}`, user_id: of("stranger").id };
        const answer = await of("stranger").client.from("chat_sessions").insert(row).select();
        assert.equal(succeed(answer).length, 1);
        assert.deepEqual(await membersOf("stranger", row.id), [
          { user_id: of("stranger").id, role: "owner" },
        ]);
      });

      test("a session is opened in one's own name alone", async () => {
        for (const user_id of [of("owner").id, null]) {
          const row = { id: `s-${randomUUID()}`, user_id };
          refused(await of("member").client.from("chat_sessions").insert(row));
        }
      });

      test("members see one another, and others see none of them", async () => {
        const roles = (await membersOf("reader")).map((row) => row.role).sort();
        assert.deepEqual(roles, ["member", "owner", "reader"]);
        for (const user of ["removed", "stranger", "anon"]) {
          assert.deepEqual(await membersOf(user), []);
        }
      });

      test("id, owner and time of a session stay what they are", async () => {
        const changes = [
          { id: `s-${randomUUID()}` },
          { user_id: of("member").id },
          { user_id: null },
          { created_at: "2001-01-01T00:00:00Z" },
        ];
        for (const change of changes) {
          const answer = await of("owner")
            .client.from("chat_sessions")
            .update(change)
            .eq("id", chat);
          refused(answer);
        }
      });

      test("id, author and time of a message stay what they are", async () => {
        for (const role of ["owner", "member"]) {
          const [row] = succeed(await insert(role, messageOf(of(role), chat, "mine")));
          const changes = [
            { id: randomUUID() },
            { user_id: of("reader").id },
            { user_id: null },
            { created_at: "2001-01-01T00:00:00Z" },
          ];
          for (const change of changes) {
            const messages = of(role).client.from("chat_messages");
            refused(await messages.update(change).eq("id", row.id));
          }
          const same = { content: "changed", user_id: of(role).id, created_at: row.created_at };
          const messages = of(role).client.from("chat_messages");
          assert.equal(succeed(await messages.update(same).eq("id", row.id).select()).length, 1);
        }
      });

      test("only the owner says what an assistant or the system says", async () => {
        for (const role of ["assistant", "system"]) {
          for (const user_id of [null, of("member").id]) {
            const row = { session_id: chat, user_id, role, content: "I am not who I say" };
            refused(await insert("member", row));
          }
          const row = { session_id: chat, user_id: null, role, content: "I am" };
          for (const user of ["owner", "service_role"]) {
            assert.equal(succeed(await insert(user, row)).length, 1);
          }
        }
        const [mine] = succeed(await insert("member", messageOf(of("member"), chat, "mine")));
        const messages = of("member").client.from("chat_messages");
        refused(await messages.update({ role: "assistant" }).eq("id", mine.id));
      });

      test("nobody writes in another's name, or for nobody", async () => {
        refused(await insert("member", messageOf(of("owner"), chat, "x")));
        refused(await insert("owner", messageOf(of("member"), chat, "x")));
        refused(await insert("member", { ...messageOf(of("member"), chat, "x"), user_id: null }));
      });

      test("a message is moved only to where its author may write", async () => {
        const other = await share(people);
        const [row] = succeed(await insert("member", messageOf(of("member"), chat, "mine")));
        const messages = () => of("member").client.from("chat_messages");
        const moved = await messages().update({ session_id: other }).eq("id", row.id).select();
        assert.equal(succeed(moved).length, 1);
        const elsewhere = { id: `s-${randomUUID()}`, user_id: of("stranger").id };
        succeed(await of("stranger").client.from("chat_sessions").insert(elsewhere));
        refused(await messages().update({ session_id: elsewhere.id }).eq("id", row.id));
      });

      test("of a membership the owner changes the role, and nothing else", async () => {
        const mine = await share(people);
        const rows = () => of("owner").client.from("chat_session_members");
        const who = { session_id: mine, user_id: of("reader").id };
        for (const change of [{ user_id: of("stranger").id }, { session_id: chat }]) {
          refused(await rows().update(change).match(who));
        }
        refused(await rows().update({ role: "owner" }).match(who));
        succeed(await rows().update({ role: "member" }).match(who));
        const row = messageOf(of("reader"), mine, "now I may");
        assert.equal(succeed(await insert("reader", row)).length, 1);
        succeed(await rows().update({ role: "reader" }).match(who));
        refused(await insert("reader", messageOf(of("reader"), mine, "no more")));
      });

      test("one leaves, and is out at once; the owner stays", async () => {
        const mine = await share(people);
        const leave = (role) =>
          of(role)
            .client.from("chat_session_members")
            .delete()
            .match({ session_id: mine, user_id: of(role).id })
            .select();
        assert.equal(succeed(await leave("member")).length, 1);
        assert.deepEqual(await membersOf("member", mine), []);
        refused(await insert("member", messageOf(of("member"), mine, "x")));
        for (const table of ["chat_sessions", "chat_messages"]) {
          const key = table === "chat_sessions" ? "id" : "session_id";
          const seen = await of("member").client.from(table).select().eq(key, mine);
          assert.deepEqual(succeed(seen), []);
        }
        assert.deepEqual(succeed(await leave("owner")), []);
        assert.equal((await membersOf("owner", mine)).length, 2);
      });

      test("a session that is deleted takes memberships and invitations along", async () => {
        const mine = await share(people);
        const made = await of("owner").client.rpc("chat_create_invite", { session: mine });
        succeed(made);
        succeed(await of("owner").client.from("chat_sessions").delete().eq("id", mine));
        for (const table of ["chat_session_members", "chat_session_invites"]) {
          const left = await of("root").client.from(table).select().eq("session_id", mine);
          assert.deepEqual(succeed(left), []);
        }
      });

      test("the service role can give a session to somebody else", async () => {
        const mine = await share(people);
        const given = { user_id: of("member").id };
        succeed(await of("root").client.from("chat_sessions").update(given).eq("id", mine));
        const rows = await membersOf("member", mine);
        assert.deepEqual(
          rows.map((row) => [row.user_id, row.role]).sort(),
          [
            [of("member").id, "owner"],
            [of("reader").id, "reader"],
          ].sort(),
        );
        assert.deepEqual(await membersOf("owner", mine), []);
      });

      test("a profile has a name of one to eighty characters", async () => {
        const profiles = () => of("stranger").client.from("chat_profiles");
        for (const display_name of ["", "x".repeat(81)]) {
          const answer = await profiles().upsert({ user_id: of("stranger").id, display_name });
          assert.notEqual(answer.error, null);
        }
        const row = { user_id: of("stranger").id, display_name: "漢".repeat(80) };
        succeed(await profiles().upsert(row));
        assert.deepEqual(succeed(await profiles().select()), [row]);
        const seen = await of("owner").client.from("chat_profiles").select().match(row);
        assert.deepEqual(succeed(seen), []);
      });
    });
  });
}

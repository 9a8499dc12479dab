// The sync part: revisions, heads, tombstones and the digest, as a client that catches up uses them.

import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import {
  connect,
  disconnectAll,
  messageOf,
  openSession,
  service,
  signUp,
  succeed,
} from "./support.mjs";

/** The hash that `chat_sync_digest` gives for these heads. */
export function digestOf(heads) {
  const bytes = (head) => Buffer.from(head.session_id);
  const text = [...heads]
    .sort((a, b) => Buffer.compare(bytes(a), bytes(b)))
    .map((head) => {
      const gone = head.gone ? "t" : "f";
      return `${bytes(head).length}:${head.session_id}:${head.last_rev}:${gone}`;
    })
    .join("");
  return createHash("sha256").update(text).digest("hex");
}

/** @param {() => import("./support.mjs").Target} getTarget */
export function registerSync(getTarget) {
  describe("the sync part", () => {
    let alice;
    let bob;
    let root;
    let anon;
    const digest = async ({ client }) =>
      succeed(await client.from("chat_sync_digest").select().single());
    const heads = async ({ client }) =>
      succeed(await client.from("chat_sync_heads").select().order("session_id"));
    const head = async ({ client }, session) =>
      succeed(await client.from("chat_sync_heads").select().eq("session_id", session)).at(0);
    const tombstones = async ({ client }, session) =>
      succeed(
        await client
          .from("chat_tombstones")
          .select("id,rev")
          .eq("session_id", session)
          .order("rev"),
      );
    const write = async (person, session, content, more) =>
      succeed(
        await person.client
          .from("chat_messages")
          .insert(messageOf(person, session, content, more))
          .select()
          .single(),
      );
    const messagesOf = async ({ client }, session) =>
      succeed(await client.from("chat_messages").select().eq("session_id", session).order("rev"));

    before(async () => {
      const target = getTarget();
      alice = await signUp(target, "Alice");
      bob = await signUp(target, "Bob");
      root = { name: "service_role", client: service(target) };
      anon = { name: "anon", client: connect(target) };
    });
    after(disconnectAll);

    test("the digest says that the part is there, and whether anything changed", async () => {
      const chat = await openSession(alice, "ünïcode");
      await write(alice, chat, "one");
      const before = await digest(alice);
      assert.equal(before.version, 1);
      assert.match(before.epoch, /^[0-9a-f-]{36}$/);
      const known = await heads(alice);
      assert.equal(before.heads, known.length);
      assert.equal(before.hash, digestOf(known));
      assert.deepEqual(await digest(alice), before);
      const bobs = await digest(bob);
      await write(alice, chat, "two");
      const now = await digest(alice);
      assert.equal(now.epoch, before.epoch);
      assert.notEqual(now.hash, before.hash);
      assert.deepEqual(await digest(bob), bobs);
    });

    test("who is not signed in is told the version, and of no session", async () => {
      const told = await digest(anon);
      assert.equal(told.version, 1);
      assert.equal(told.heads, 0);
      assert.equal(told.hash, digestOf([]));
    });

    test("each write has a revision of its own, whatever the client says", async () => {
      const chat = await openSession(alice);
      const first = await write(alice, chat, "one", { rev: 900 });
      const second = await write(alice, chat, "two");
      const [changed] = succeed(
        await alice.client
          .from("chat_messages")
          .update({ content: "one, changed", rev: 900 })
          .eq("id", first.id)
          .select(),
      );
      assert.deepEqual([first.rev, second.rev, changed.rev], [2, 3, 4]);
      assert.deepEqual(await head(alice, chat), { session_id: chat, last_rev: 4, gone: false });
    });

    test("a session's own changes count as well", async () => {
      const chat = await openSession(alice);
      const [{ rev }] = succeed(await alice.client.from("chat_sessions").select().eq("id", chat));
      assert.equal(rev, 1);
      await write(alice, chat, "one");
      const [changed] = succeed(
        await alice.client
          .from("chat_sessions")
          .update({ title: "renamed", rev: 900 })
          .eq("id", chat)
          .select(),
      );
      assert.equal(changed.rev, 3);
      assert.equal((await head(alice, chat)).last_rev, 3);
    });

    test("the server says when a row was changed", async () => {
      const chat = await openSession(alice);
      const row = await write(alice, chat, "one");
      const old = { updated_at: "2001-01-01T00:00:00Z" };
      for (const [table, id] of [
        ["chat_messages", row.id],
        ["chat_sessions", chat],
      ]) {
        const [changed] = succeed(await alice.client.from(table).update(old).eq("id", id).select());
        const told = Date.parse(changed.updated_at);
        assert.ok(told >= Date.parse(row.created_at), changed.updated_at);
      }
    });

    test("what changed in several sessions comes in one request, in pages", async () => {
      const chats = [await openSession(alice), await openSession(alice), await openSession(alice)];
      for (const chat of chats) for (const text of ["a", "b", "c"]) await write(alice, chat, text);
      const [a, b] = chats;
      const page = async (cursors, limit) => {
        const wanted = Object.entries(cursors).map(
          ([session, rev]) => `and(session_id.eq.${session},rev.gt.${rev})`,
        );
        return succeed(
          await alice.client
            .from("chat_messages")
            .select("session_id,rev")
            .or(wanted.join(","))
            .order("session_id")
            .order("rev")
            .limit(limit),
        );
      };
      const cursors = { [a]: 3, [b]: 1 };
      const seen = [];
      for (;;) {
        const rows = await page(cursors, 2);
        for (const row of rows) cursors[row.session_id] = row.rev;
        seen.push(...rows.map((row) => `${row.session_id === a ? "a" : "b"}${row.rev}`));
        if (rows.length < 2) break;
      }
      assert.deepEqual(seen.sort(), ["a4", "b2", "b3", "b4"]);
    });

    test("heads are read in pages by their key", async () => {
      const all = await heads(alice);
      const paged = [];
      for (let last = ""; ; last = paged.at(-1).session_id) {
        const page = succeed(
          await alice.client
            .from("chat_sync_heads")
            .select()
            .gt("session_id", last)
            .order("session_id")
            .limit(3),
        );
        paged.push(...page);
        if (page.length < 3) break;
      }
      assert.deepEqual(paged, all);
    });

    test("a deletion leaves a tombstone, which those see who saw the message", async () => {
      const chat = await openSession(alice);
      const { id } = await write(alice, chat, "one");
      succeed(await alice.client.from("chat_messages").delete().eq("id", id));
      assert.deepEqual(await tombstones(alice, chat), [{ id, rev: 3 }]);
      assert.equal((await head(alice, chat)).last_rev, 3);
      assert.deepEqual(await tombstones(root, chat), [{ id, rev: 3 }]);
      for (const other of [bob, anon]) assert.deepEqual(await tombstones(other, chat), []);
    });

    test("a deleted message does not come back by a late insert", async () => {
      const chat = await openSession(alice);
      const row = messageOf(alice, chat, "one", { id: randomUUID() });
      const table = ({ client }) => client.from("chat_messages");
      succeed(await table(alice).insert(row));
      succeed(await table(alice).delete().eq("id", row.id));
      const options = { onConflict: "id", ignoreDuplicates: true };
      assert.deepEqual(succeed(await table(alice).upsert(row, options).select()), []);
      assert.deepEqual(succeed(await table(alice).upsert(row).select()), []);
      assert.deepEqual(succeed(await table(root).insert(row).select()), []);
      const others = messageOf(alice, chat, "two", { id: randomUUID() });
      const stored = succeed(await table(alice).insert([row, others]).select("content"));
      assert.deepEqual(stored, [{ content: "two" }]);
      // Who may not write there is refused all the same, and learns nothing.
      const guess = await table(bob).insert({ ...row, user_id: bob.id });
      assert.equal(guess.error?.code, "42501");
      assert.equal((await messagesOf(alice, chat)).length, 1);
      assert.equal((await head(alice, chat)).last_rev, 4);
    });

    test("an insert that changes nothing takes no revision", async () => {
      const chat = await openSession(alice);
      const row = await write(alice, chat, "one");
      const options = { onConflict: "id", ignoreDuplicates: true };
      const { rev, ...again } = row;
      succeed(await alice.client.from("chat_messages").upsert(again, options));
      const refused = await alice.client.from("chat_messages").insert(again);
      assert.equal(refused.error?.code, "23505");
      const session = { id: chat, user_id: alice.id, title: "again" };
      succeed(await alice.client.from("chat_sessions").upsert(session, options));
      assert.equal((await head(alice, chat)).last_rev, rev);
      const merged = succeed(
        await alice.client
          .from("chat_messages")
          .upsert({ ...again, content: "two" })
          .select(),
      );
      assert.deepEqual(
        merged.map((row) => [row.content, row.rev]),
        [["two", rev + 1]],
      );
    });

    test("a moved message is deleted in the one session and new in the other", async () => {
      const [from, to] = [await openSession(alice), await openSession(alice)];
      const { id } = await write(alice, from, "one");
      const move = async (session_id) =>
        succeed(
          await alice.client.from("chat_messages").update({ session_id }).eq("id", id).select(),
        )[0].rev;
      assert.equal(await move(to), 2);
      assert.deepEqual(await tombstones(alice, from), [{ id, rev: 3 }]);
      assert.equal(await move(from), 4);
      assert.deepEqual(await tombstones(alice, from), []);
      assert.deepEqual(await tombstones(alice, to), [{ id, rev: 3 }]);
      const known = await heads(alice);
      assert.equal(known.find((it) => it.session_id === from).last_rev, 4);
      assert.equal(known.find((it) => it.session_id === to).last_rev, 3);
    });

    test("a deleted session takes its messages along, and is told as gone to who saw it", async () => {
      const chat = await openSession(alice);
      const row = await write(alice, chat, "one");
      const other = await write(alice, chat, "two");
      succeed(await alice.client.from("chat_messages").delete().eq("id", other.id));
      const before = await digest(alice);
      succeed(await alice.client.from("chat_sessions").delete().eq("id", chat));
      assert.deepEqual(await messagesOf(root, chat), []);
      assert.deepEqual(await tombstones(root, chat), []);
      const gone = { session_id: chat, last_rev: 5, gone: true };
      assert.deepEqual(await head(alice, chat), gone);
      assert.deepEqual(await head(root, chat), gone);
      for (const stranger of [bob, anon]) assert.equal(await head(stranger, chat), undefined);
      assert.notEqual((await digest(alice)).hash, before.hash);
      assert.equal((await digest(alice)).hash, digestOf(await heads(alice)));
      // What was on its way meanwhile goes nowhere, and the id is used up.
      for (const writer of [alice, root]) {
        const late = messageOf(alice, chat, "late", { id: randomUUID() });
        const answer = await writer.client.from("chat_messages").insert(late).select();
        assert.deepEqual(succeed(answer), []);
        const back = await writer.client.from("chat_messages").insert(row).select();
        assert.deepEqual(succeed(back), []);
      }
      for (const person of [alice, bob]) {
        const again = { id: chat, user_id: person.id, title: "again" };
        const answer = await person.client.from("chat_sessions").insert(again).select();
        assert.deepEqual(succeed(answer), []);
      }
      assert.deepEqual(await head(alice, chat), gone);
    });

    test("the id of a session stays what it is", async () => {
      const chat = await openSession(alice);
      const change = { id: `s-${randomUUID()}` };
      for (const { client } of [alice, root]) {
        const answer = await client.from("chat_sessions").update(change).eq("id", chat);
        assert.notEqual(answer.error, null);
      }
      assert.equal((await head(alice, chat)).last_rev, 1);
    });

    describe("verb × user × table", () => {
      let rows;
      let actors;

      before(async () => {
        const chat = await openSession(alice);
        const { id } = await write(alice, chat, "one");
        succeed(await alice.client.from("chat_messages").delete().eq("id", id));
        rows = {
          chat_sync_heads: { session_id: chat, last_rev: 3, gone: false },
          chat_tombstones: { session_id: chat, id, rev: 3 },
        };
        actors = { alice, bob, anon, service_role: root };
      });

      for (const table of ["chat_sync_heads", "chat_tombstones"]) {
        for (const user of ["alice", "bob", "anon", "service_role"]) {
          const sees = user === "alice" || user === "service_role";
          const stored = async () =>
            succeed(
              await root.client.from(table).select().eq("session_id", rows[table].session_id),
            );
          const unchanged = async (answer) => {
            assert.equal(answer.error?.code, "42501", JSON.stringify(answer));
            const [row] = await stored();
            assert.deepEqual({ ...row, ...rows[table] }, row);
          };
          const rowsOf = (client) => client.from(table);
          const key = () => rows[table].session_id;

          test(`${user} ${sees ? "reads" : "does not see"} alice's ${table}`, async () => {
            const { client } = actors[user];
            const seen = succeed(await rowsOf(client).select().eq("session_id", key()));
            assert.equal(seen.length, sees ? 1 : 0);
          });
          test(`${user} does not insert into ${table}`, async () => {
            const row = { ...rows[table], session_id: `s-${randomUUID()}` };
            await unchanged(await rowsOf(actors[user].client).insert(row));
          });
          test(`${user} does not change ${table}`, async () => {
            const { client } = actors[user];
            const change = table === "chat_sync_heads" ? { last_rev: 9 } : { rev: 9 };
            await unchanged(await rowsOf(client).update(change).eq("session_id", key()));
          });
          test(`${user} does not delete from ${table}`, async () => {
            await unchanged(await rowsOf(actors[user].client).delete().eq("session_id", key()));
          });
        }
      }
    });
  });
}

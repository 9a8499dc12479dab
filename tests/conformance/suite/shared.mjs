// Shared sessions beside their rows: what a catch-up finds of them, and what is told live.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { gather, share, USERS } from "./people.mjs";
import { disconnectAll, Inbox, messageOf, raw, signUp, subscribe, succeed } from "./support.mjs";

/** What the two parts do together. @param {() => import("./support.mjs").Target} getTarget */
export function registerSharedSync(getTarget) {
  describe("revisions of shared sessions", () => {
    let people;
    let chat;
    const of = (role) => people[role];
    const head = async (role) =>
      succeed(await of(role).client.from("chat_sync_heads").select().eq("session_id", chat)).at(0);
    const digest = async (role) =>
      succeed(await of(role).client.from("chat_sync_digest").select().single());

    before(async () => {
      people = await gather(getTarget());
      chat = await share(people);
    });
    after(disconnectAll);

    test("who takes part reads the head and the tombstones, and nobody else does", async () => {
      const row = messageOf(of("member"), chat, "x", { id: randomUUID() });
      succeed(await of("member").client.from("chat_messages").insert(row));
      succeed(await of("member").client.from("chat_messages").delete().eq("id", row.id));
      for (const user of USERS) {
        const sees = ["owner", "member", "reader", "service_role"].includes(user) ? 1 : 0;
        assert.equal((await head(user)) === undefined ? 0 : 1, sees, user);
        const tombstones = await of(user).client.from("chat_tombstones").select().eq("id", row.id);
        assert.equal(succeed(tombstones).length, sees, user);
      }
    });

    test("who comes, goes or gets another role is found by a catch-up", async () => {
      const { last_rev } = await head("owner");
      const rows = () => of("root").client.from("chat_session_members");
      const who = { session_id: chat, user_id: of("stranger").id };
      const out = await digest("stranger");
      succeed(await rows().insert({ ...who, role: "member" }));
      assert.equal((await head("stranger")).last_rev, last_rev + 1);
      assert.equal((await digest("stranger")).heads, out.heads + 1);
      succeed(await rows().update({ role: "reader" }).match(who));
      assert.equal((await head("reader")).last_rev, last_rev + 2);
      succeed(await rows().delete().match(who));
      assert.equal((await head("owner")).last_rev, last_rev + 3);
      assert.deepEqual(await digest("stranger"), out);
    });

    test("everybody who took part learns that the session is gone", async () => {
      succeed(await of("owner").client.from("chat_sessions").delete().eq("id", chat));
      const { last_rev } = await head("root");
      for (const user of ["owner", "member", "reader", "service_role"]) {
        assert.deepEqual(await head(user), { session_id: chat, last_rev, gone: true });
      }
      for (const user of ["removed", "stranger", "anon"]) {
        assert.equal(await head(user), undefined);
      }
    });
  });
}

/** What is told live of a session. @param {() => import("./support.mjs").Target} getTarget */
export function registerSharedRealtime(getTarget) {
  describe("a shared session, live", () => {
    let people;
    let chat;
    const of = (role) => people[role];
    const INSIDE = ["owner", "member", "reader"];
    const OUTSIDE = ["removed", "stranger", "anon"];

    before(async () => {
      people = await gather(getTarget());
      chat = await share(people);
      for (const role of [...INSIDE, "removed", "stranger"])
        await of(role).client.realtime.setAuth();
    });
    after(disconnectAll);

    /** The session's private channel as somebody, with all that comes on it. */
    const enter = async (role, { isPrivate = true } = {}) => {
      const { client, id } = of(role);
      const inbox = new Inbox();
      const channel = client.channel(`session:${chat}`, {
        config: { private: isPrivate, broadcast: { ack: true }, presence: { key: id ?? role } },
      });
      channel.on("broadcast", { event: "typing" }, ({ payload }) =>
        inbox.push({ typing: payload }),
      );
      channel.on("presence", { event: "join" }, ({ key }) => inbox.push({ joined: key }));
      await subscribe(channel).catch(async (error) => {
        // The client would hand the refused channel out again.
        await client.removeChannel(channel);
        throw error;
      });
      const type = () => channel.send({ type: "broadcast", event: "typing", payload: { id } });
      return { channel, inbox, type, leave: () => client.removeChannel(channel) };
    };

    test("those who take part see one another, and hear who types", async () => {
      const [owner, member, reader] = await Promise.all(INSIDE.map((role) => enter(role)));
      await reader.channel.track({ here: true });
      for (const { inbox } of [owner, member]) {
        await inbox.take(({ joined }) => joined === of("reader").id, "the reader's presence");
      }
      assert.equal(await member.type(), "ok");
      for (const { inbox } of [owner, reader]) {
        const { typing } = await inbox.take(({ typing }) => typing !== undefined, "typing");
        assert.equal(typing.id, of("member").id);
      }
      for (const each of [owner, member, reader]) await each.leave();
    });

    test("a reader is present, and tells nobody of typing", async () => {
      const owner = await enter("owner");
      const reader = await enter("reader");
      // A refusal has no answer: what comes after it shows that it did not pass.
      reader.type();
      await reader.channel.track({ here: true });
      await owner.inbox.take(({ joined }) => joined === of("reader").id, "the reader's presence");
      const over = await raw(getTarget(), "/realtime/v1/api/broadcast", {
        method: "POST",
        token: of("reader").session.access_token,
        headers: { "content-type": "application/json" },
        body: JSON.stringify({
          messages: [
            { topic: `session:${chat}`, event: "typing", payload: { id: "x" }, private: true },
          ],
        }),
      });
      assert.equal(over.status, 202);
      const member = await enter("member");
      assert.equal(await member.type(), "ok");
      const { typing } = await owner.inbox.take((it) => it.typing !== undefined, "typing");
      assert.equal(typing.id, of("member").id);
      for (const each of [owner, member, reader]) await each.leave();
    });

    for (const role of OUTSIDE) {
      test(`${role} does not join it, and its public namesake is another channel`, async () => {
        const owner = await enter("owner");
        await owner.channel.track({ here: true });
        await assert.rejects(enter(role), /Unauthorized/);
        const outside = await enter(role, { isPrivate: false });
        await outside.type();
        await outside.channel.track({ here: true });
        await outside.inbox.take(({ joined }) => joined !== undefined, "one's own presence");
        const member = await enter("member");
        assert.equal(await member.type(), "ok");
        const { typing } = await owner.inbox.take((it) => it.typing !== undefined, "typing");
        assert.equal(typing.id, of("member").id);
        assert.deepEqual(outside.inbox.items, []);
        for (const each of [owner, member, outside]) await each.leave();
      });
    }

    test("who takes part is told of messages and members, and nobody else is", async () => {
      const watch = async (person) => {
        const inbox = new Inbox();
        const channel = person.client.channel("chat");
        for (const table of ["chat_sessions", "chat_messages", "chat_session_members"]) {
          channel.on("postgres_changes", { event: "*", schema: "public", table }, (change) =>
            inbox.push(change),
          );
        }
        await subscribe(channel, { changes: true });
        return inbox;
      };
      const newcomer = await signUp(getTarget(), "Judy");
      await newcomer.client.realtime.setAuth();
      const watching = {};
      for (const role of ["owner", "reader", "stranger"]) watching[role] = await watch(of(role));
      watching.newcomer = await watch(newcomer);
      const made = await of("owner").client.rpc("chat_create_invite", { session: chat });
      const { code } = succeed(made);
      succeed(await newcomer.client.rpc("chat_redeem_invite", { code }));
      const row = messageOf(newcomer, chat, "hello", { id: randomUUID() });
      succeed(await newcomer.client.from("chat_messages").insert(row));
      for (const who of ["owner", "reader", "newcomer"]) {
        const joined = await watching[who].take(
          (it) => it.table === "chat_session_members",
          "the member",
        );
        assert.equal(joined.eventType, "INSERT");
        assert.equal(joined.new.user_id, newcomer.id);
        assert.equal(joined.new.role, "member");
        const said = await watching[who].take((it) => it.table === "chat_messages", "the message");
        assert.equal(said.new.id, row.id);
      }
      const member = of("owner").client.from("chat_session_members");
      succeed(await member.delete().match({ session_id: chat, user_id: newcomer.id }));
      for (const who of ["owner", "newcomer", "stranger"]) {
        const left = await watching[who].take((it) => it.eventType === "DELETE", "the deletion");
        assert.deepEqual(Object.keys(left.old), ["id"]);
      }
      assert.deepEqual(watching.stranger.items, []);
      const late = messageOf(of("owner"), chat, "after", { id: randomUUID() });
      succeed(await of("owner").client.from("chat_messages").insert(late));
      await watching.owner.take((it) => it.new?.id === late.id, "the message");
      assert.deepEqual(watching.newcomer.items, []);
    });
  });
}

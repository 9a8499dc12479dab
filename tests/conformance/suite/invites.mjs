// Invitations of the members part: made by the owner, redeemed once.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { gather, share, USERS } from "./people.mjs";
import { disconnectAll, messageOf, signUp, succeed } from "./support.mjs";

/** @param {() => import("./support.mjs").Target} getTarget */
export function registerInvites(getTarget) {
  describe("invitations", () => {
    let people;
    let chat;
    const of = (role) => people[role];
    const invite = (role, args) =>
      of(role).client.rpc("chat_create_invite", { session: chat, ...args });
    const redeem = (person, code) => person.client.rpc("chat_redeem_invite", { code });
    const invites = async (role = "owner") =>
      succeed(await of(role).client.from("chat_session_invites").select().eq("session_id", chat));
    const failed = (answer, message) => {
      const told = JSON.stringify(answer);
      if ("raised_errors" in (getTarget().lacks ?? {})) {
        assert.ok(answer.error?.message.endsWith(message), told);
      } else {
        assert.equal(answer.error?.message, message, told);
        assert.equal(answer.error.code, "P0001", told);
        assert.equal(answer.status, 400, told);
      }
    };

    before(async () => {
      people = await gather(getTarget());
      chat = await share(people);
    });
    after(disconnectAll);

    test("the owner makes one for a role, and only its hash is kept", async () => {
      const made = succeed(await invite("owner", { role: "reader", seconds: 3600 }));
      assert.deepEqual(Object.keys(made).sort(), [
        "code",
        "expires_at",
        "id",
        "role",
        "session_id",
      ]);
      assert.match(made.code, /^[0-9a-f]{32}$/);
      assert.equal(made.session_id, chat);
      assert.equal(made.role, "reader");
      const left = Date.parse(made.expires_at) - Date.now();
      assert.ok(Math.abs(left - 3_600_000) < 60_000, made.expires_at);
      const row = (await invites()).find((it) => it.id === made.id);
      assert.ok(!JSON.stringify(row).includes(made.code));
      assert.equal(row.redeemed_by, null);
    });

    test("nobody else makes one", async () => {
      for (const user of USERS.filter((it) => it !== "owner")) {
        const answer = await invite(user);
        assert.equal(answer.error?.code, "42501", `${user}: ${JSON.stringify(answer)}`);
      }
      const nowhere = await invite("owner", { session: `s-${randomUUID()}` });
      assert.equal(nowhere.error?.code, "42501");
    });

    test("it is for a member or a reader, for a minute to thirty days", async () => {
      for (const args of [
        { role: "owner" },
        { role: "x" },
        { seconds: 59 },
        { seconds: 2592001 },
      ]) {
        const answer = await invite("owner", args);
        assert.equal(answer.error?.code, "22023", JSON.stringify(answer));
      }
    });

    test("whoever redeems it takes part, and may read what was said before", async () => {
      const newcomer = await signUp(getTarget(), "Erin");
      const said = succeed(
        await of("owner")
          .client.from("chat_messages")
          .insert(messageOf(of("owner"), chat, "before"))
          .select(),
      );
      const { code, id } = succeed(await invite("owner"));
      const joined = succeed(await redeem(newcomer, code));
      assert.deepEqual(joined, { session_id: chat, role: "member" });
      const seen = await newcomer.client.from("chat_messages").select().eq("id", said[0].id);
      assert.equal(succeed(seen).length, 1);
      const written = await newcomer.client
        .from("chat_messages")
        .insert(messageOf(newcomer, chat, "hello"))
        .select();
      assert.equal(succeed(written).length, 1);
      const row = (await invites()).find((it) => it.id === id);
      assert.equal(row.redeemed_by, newcomer.id);
      // A repeated request, its answer lost, is answered again; another person is refused.
      assert.deepEqual(succeed(await redeem(newcomer, code)), joined);
      failed(await redeem(of("stranger"), code), "invite_used");
    });

    test("of two who redeem it at once, one comes in", async () => {
      const { code } = succeed(await invite("owner"));
      const two = [await signUp(getTarget(), "Frank"), await signUp(getTarget(), "Grace")];
      const answers = await Promise.all(two.map((person) => redeem(person, code)));
      const lost = answers.filter(({ error }) => error !== null);
      assert.equal(lost.length, 1, JSON.stringify(answers));
      failed(lost[0], "invite_used");
    });

    test("it expires", async () => {
      const { code, id } = succeed(await invite("owner"));
      const past = { expires_at: "2001-01-01T00:00:00Z" };
      succeed(await of("root").client.from("chat_session_invites").update(past).eq("id", id));
      failed(await redeem(of("stranger"), code), "invite_expired");
    });

    test("one that was withdrawn, and one that never was, are unknown", async () => {
      const { code, id } = succeed(await invite("owner"));
      succeed(await of("owner").client.from("chat_session_invites").delete().eq("id", id));
      failed(await redeem(of("stranger"), code), "invite_unknown");
      failed(await redeem(of("stranger"), "guess"), "invite_unknown");
    });

    test("who takes part already keeps the role, and spends none", async () => {
      const { code, id } = succeed(await invite("owner", { role: "reader" }));
      const mine = async (role) => succeed(await redeem(of(role), code)).role;
      assert.equal(await mine("owner"), "owner");
      assert.equal(await mine("member"), "member");
      const row = (await invites()).find((it) => it.id === id);
      assert.equal(row.redeemed_by, null);
    });

    test("who was removed does not come back by the old one", async () => {
      const newcomer = await signUp(getTarget(), "Heidi");
      const { code } = succeed(await invite("owner"));
      succeed(await redeem(newcomer, code));
      const out = { session_id: chat, user_id: newcomer.id };
      succeed(await of("owner").client.from("chat_session_members").delete().match(out));
      failed(await redeem(newcomer, code), "invite_used");
    });

    test("it takes a user", async () => {
      const { code } = succeed(await invite("owner"));
      for (const user of ["anon", "service_role"]) {
        assert.equal((await redeem(of(user), code)).error?.code, "42501");
      }
    });
  });
}

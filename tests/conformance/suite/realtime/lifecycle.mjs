// Joining, leaving and joining again, and waiting for the changes.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import {
  connect,
  disconnectAll,
  Inbox,
  messageOf,
  openSession,
  signUp,
  subscribe,
  succeed,
  without,
} from "../support.mjs";

export function registerLifecycle(getTarget, vsn) {
  describe("lifecycle", () => {
    let alice;

    before(async () => {
      alice = await signUp(getTarget(), "Alice", { vsn });
      alice.chat = await openSession(alice);
    });
    after(disconnectAll);

    const binding = { event: "INSERT", schema: "public", table: "chat_messages" };
    const write = async (content) =>
      succeed(
        await alice.client.from("chat_messages").insert(messageOf(alice, alice.chat, content)),
      );

    test("a channel that was left is silent, and can be joined again by its name", async () => {
      const name = `again-${randomUUID()}`;
      const first = new Inbox();
      const second = new Inbox();
      const left = alice.client
        .channel(name)
        .on("postgres_changes", binding, (it) => first.push(it));
      const { statuses } = await subscribe(left, { changes: true });
      assert.equal(await alice.client.removeChannel(left), "ok");
      assert.equal((await statuses.take()).status, "CLOSED");
      await write("unheard");
      const again = alice.client
        .channel(name)
        .on("postgres_changes", binding, (it) => second.push(it));
      await subscribe(again, { changes: true });
      await write("heard");
      assert.equal((await second.take()).new.content, "heard");
      assert.deepEqual(first.items, []);
      await alice.client.removeChannel(again);
    });

    test("many channels share a socket, and are left all at once", async () => {
      const channels = Array.from({ length: 8 }, (_, at) => alice.client.channel(`many-${at}`));
      for (const channel of channels) await subscribe(channel);
      assert.equal(alice.client.getChannels().length, 8);
      const answers = await alice.client.removeAllChannels();
      assert.deepEqual(
        answers,
        channels.map(() => "ok"),
      );
    });

    test("a subscription can wait until its changes flow", async (t) => {
      if (without(t, getTarget(), "wait_for_changes")) return;
      const config = { postgres_changes_options: { wait: true } };
      const inbox = new Inbox();
      const channel = alice.client
        .channel(`wait-${randomUUID()}`, { config })
        .on("postgres_changes", binding, (it) => inbox.push(it));
      await subscribe(channel);
      await write("at once");
      assert.equal((await inbox.take()).new.content, "at once");
      await alice.client.removeChannel(channel);
    });

    test("a wrong key does not connect", async () => {
      const stranger = connect(getTarget(), { key: "sb_publishable_wrong", vsn });
      const statuses = new Inbox();
      stranger.channel("t").subscribe((status, error) => statuses.push({ status, error }));
      assert.equal((await statuses.take()).status, "CHANNEL_ERROR");
      await stranger.removeAllChannels();
      await stranger.realtime.disconnect();
    });
  });
}

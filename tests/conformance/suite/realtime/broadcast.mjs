// Broadcast: acknowledged or not, echoed or not, over the socket and over HTTP.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { connect, disconnectAll, Inbox, signUp, subscribe, without } from "../support.mjs";

export function registerBroadcast(getTarget, vsn) {
  describe("broadcast", () => {
    let alice;
    let bob;
    let old;

    before(async () => {
      alice = await signUp(getTarget(), "Alice", { vsn });
      bob = await signUp(getTarget(), "Bob", { vsn: "2.0.0" });
      old = await signUp(getTarget(), "Carol", { vsn: "1.0.0" });
    });
    after(disconnectAll);

    const enter = async (client, name, config = {}) => {
      const channel = client.channel(name, { config });
      const events = new Inbox();
      channel.on("broadcast", { event: "*" }, (it) => events.push(it));
      const { statuses } = await subscribe(channel);
      return { channel, events, statuses };
    };
    const leave = async (...people) => {
      for (const { client } of people) await client.removeAllChannels();
    };

    for (const ack of [false, true]) {
      for (const self of [false, true]) {
        test(`ack ${ack}, self ${self}`, async () => {
          const name = `bc-${randomUUID()}`;
          const sender = await enter(alice.client, name, { broadcast: { ack, self } });
          const receivers = [await enter(bob.client, name), await enter(old.client, name)];
          const payload = { x: 1, emoji: "🦊", nested: { a: [null, 1.5] } };
          const message = { type: "broadcast", event: "cursor", payload };
          assert.equal(await sender.channel.send(message), "ok");
          for (const { events } of receivers) {
            const event = await events.take();
            assert.equal(event.event, "cursor");
            assert.deepEqual(event.payload, payload);
          }
          if (self) {
            assert.deepEqual((await sender.events.take()).payload, payload);
          } else {
            // The next message is acknowledged or heard after this one would have been.
            await receivers[0].channel.send({ type: "broadcast", event: "end", payload: {} });
            assert.equal((await sender.events.take()).event, "end");
          }
          await leave(alice, bob, old);
        });
      }
    }

    test("over HTTP, as JSON and as bytes, without joining", async () => {
      const name = `bc-${randomUUID()}`;
      const receiver = await enter(bob.client, name);
      const older = await enter(old.client, name);
      const channel = alice.client.channel(name);
      assert.deepEqual(await channel.httpSend("http", { a: 1 }), { success: true });
      for (const { events } of [receiver, older]) {
        const event = await events.take();
        assert.equal(event.event, "http");
        assert.deepEqual(event.payload, { a: 1 });
      }
      const bytes = new Uint8Array([0, 1, 254, 255]);
      assert.deepEqual(await channel.httpSend("bytes", bytes.buffer), { success: true });
      const event = await receiver.events.take();
      assert.equal(event.event, "bytes");
      assert.deepEqual(new Uint8Array(event.payload), bytes);
      await leave(alice, bob, old);
    });

    test("sent before joining, it goes over HTTP", async () => {
      const name = `bc-${randomUUID()}`;
      const receivers = [await enter(bob.client, name), await enter(old.client, name)];
      const channel = alice.client.channel(name);
      const message = { type: "broadcast", event: "early", payload: { a: 1 } };
      assert.equal(await channel.send(message), "ok");
      for (const { events } of receivers) {
        const event = await events.take();
        assert.equal(event.event, "early");
        assert.deepEqual(event.payload, { a: 1 });
      }
      await leave(alice, bob, old);
    });

    test("a private channel takes signed-in users, and is another than the public one", async (t) => {
      if (without(t, getTarget(), "private_channels")) return;
      const name = `private-${randomUUID()}`;
      const config = { private: true, broadcast: { ack: true, self: true } };
      const sender = await enter(alice.client, name, config);
      const receiver = await enter(bob.client, name, { private: true });
      const outsider = await enter(old.client, name);
      const message = { type: "broadcast", event: "e", payload: { p: 1 } };
      assert.equal(await sender.channel.send(message), "ok");
      assert.deepEqual((await sender.events.take()).payload, { p: 1 });
      assert.deepEqual((await receiver.events.take()).payload, { p: 1 });
      assert.deepEqual(outsider.events.items, []);

      const anon = connect(getTarget(), { vsn });
      const refused = anon.channel(name, { config: { private: true } });
      await assert.rejects(subscribe(refused), /Unauthorized/);
      await anon.removeAllChannels();
      await leave(alice, bob, old);
    });
  });
}

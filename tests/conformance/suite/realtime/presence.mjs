// Presence between two clients.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { disconnectAll, Inbox, signUp, subscribe } from "../support.mjs";

export function registerPresence(getTarget, vsn) {
  describe("presence", () => {
    let alice;
    let bob;

    before(async () => {
      alice = await signUp(getTarget(), "Alice", { vsn });
      bob = await signUp(getTarget(), "Bob", { vsn });
    });
    after(disconnectAll);

    const enter = async (person, name, key = person.id) => {
      const channel = person.client.channel(name, { config: { presence: { key } } });
      const events = new Inbox();
      channel.on("presence", { event: "sync" }, () =>
        events.push({ event: "sync", state: structuredClone(channel.presenceState()) }),
      );
      channel.on("presence", { event: "join" }, (it) => events.push(structuredClone(it)));
      channel.on("presence", { event: "leave" }, (it) => events.push(structuredClone(it)));
      await subscribe(channel);
      return { channel, events };
    };
    const synced = (events, holds, what) =>
      events.take((it) => it.event === "sync" && holds(it.state), what);

    test("track, update, untrack and leave are seen by the other", async () => {
      const name = `room-${randomUUID()}`;
      const here = await enter(alice, name);
      const there = await enter(bob, name);
      assert.equal(await here.channel.track({ status: "online" }), "ok");
      const joined = await there.events.take((it) => it.event === "join", "alice's join");
      assert.equal(joined.key, alice.id);
      assert.equal(joined.newPresences[0].status, "online");
      await synced(there.events, (it) => it[alice.id]?.length === 1, "alice in the state");

      assert.equal(await there.channel.track({ status: "away" }), "ok");
      const both = await synced(here.events, (it) => it[bob.id] && it[alice.id], "both");
      assert.equal(both.state[bob.id][0].status, "away");

      assert.equal(await here.channel.track({ status: "typing", in: "s" }), "ok");
      await synced(
        there.events,
        (it) => it[alice.id]?.length === 1 && it[alice.id][0].status === "typing",
        "the update",
      );
      assert.equal(await here.channel.untrack(), "ok");
      await there.events.take((it) => it.event === "leave" && it.key === alice.id, "the untrack");
      await synced(there.events, (it) => !it[alice.id] && it[bob.id], "alice gone");

      assert.equal(await here.channel.track({ again: true }), "ok");
      await synced(there.events, (it) => it[alice.id], "alice back");
      await alice.client.removeChannel(here.channel);
      await synced(there.events, (it) => !it[alice.id], "alice gone with her channel");
      await bob.client.removeChannel(there.channel);
    });

    test("who comes later gets the state at once", async () => {
      const name = `room-${randomUUID()}`;
      const here = await enter(alice, name);
      await here.channel.track({ first: true });
      const there = await enter(bob, name);
      const { state } = await synced(there.events, (it) => it[alice.id], "the state");
      assert.equal(state[alice.id][0].first, true);
      await alice.client.removeChannel(here.channel);
      await bob.client.removeChannel(there.channel);
    });

    test("two devices of one user are two presences under one key", async () => {
      const name = `room-${randomUUID()}`;
      const one = await enter(alice, name, "shared");
      const two = await enter(bob, name, "shared");
      await one.channel.track({ device: 1 });
      await two.channel.track({ device: 2 });
      const { state } = await synced(one.events, (it) => it.shared?.length === 2, "both devices");
      assert.deepEqual(state.shared.map((it) => it.device).sort(), [1, 2]);
      await bob.client.realtime.disconnect();
      await synced(one.events, (it) => it.shared?.length === 1, "one device left");
      await alice.client.removeChannel(one.channel);
      await bob.client.removeAllChannels();
    });
  });
}

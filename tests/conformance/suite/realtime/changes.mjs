// postgres_changes: who hears of which row.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import {
  disconnectAll,
  Inbox,
  messageOf,
  openSession,
  service,
  signUp,
  subscribe,
  succeed,
} from "../support.mjs";

const on = (more = {}) => ({ event: "*", schema: "public", table: "chat_messages", ...more });

export function registerChanges(getTarget, vsn) {
  describe("changes", () => {
    let alice;
    let bob;

    before(async () => {
      alice = await signUp(getTarget(), "Alice", { vsn });
      bob = await signUp(getTarget(), "Bob", { vsn });
      for (const person of [alice, bob]) person.chat = await openSession(person);
    });
    after(disconnectAll);

    /** Listens with these bindings, each with an inbox of its own. */
    const listen = async (person, ...bindings) => {
      const channel = person.client.channel(`chat-${randomUUID()}`);
      const inboxes = bindings.map((binding) => {
        const inbox = new Inbox();
        channel.on("postgres_changes", binding, (change) => inbox.push(change));
        return inbox;
      });
      const { systems } = await subscribe(channel, { changes: true });
      return { channel, inboxes, systems };
    };
    const write = async (person, content, more = {}) =>
      succeed(
        await person.client
          .from("chat_messages")
          .insert(messageOf(person, more.session_id ?? person.chat, content, more))
          .select()
          .single(),
      );

    test("insert, update and delete arrive with the row", async () => {
      const { channel, inboxes } = await listen(alice, on());
      const row = await write(alice, "one");
      const inserted = await inboxes[0].take();
      assert.equal(inserted.eventType, "INSERT");
      assert.equal(inserted.schema, "public");
      assert.equal(inserted.table, "chat_messages");
      assert.equal(inserted.errors, null);
      assert.deepEqual(inserted.new, row);
      assert.deepEqual(inserted.old, {});
      assert.match(inserted.commit_timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

      const messages = alice.client.from("chat_messages");
      succeed(await messages.update({ content: "two" }).eq("id", row.id));
      const updated = await inboxes[0].take();
      assert.equal(updated.eventType, "UPDATE");
      assert.equal(updated.new.content, "two");
      assert.equal(updated.old.content, "one");

      succeed(await alice.client.from("chat_messages").delete().eq("id", row.id));
      const deleted = await inboxes[0].take();
      assert.equal(deleted.eventType, "DELETE");
      assert.deepEqual(deleted.old, { id: row.id });
      assert.deepEqual(deleted.new, {});
      await alice.client.removeChannel(channel);
    });

    test("each user hears of own rows, and of a foreign delete only the key", async () => {
      const heard = { alice: await listen(alice, on()), bob: await listen(bob, on()) };
      const secret = await write(alice, "alice's secret");
      succeed(
        await alice.client.from("chat_messages").update({ content: "still" }).eq("id", secret.id),
      );
      succeed(await alice.client.from("chat_messages").delete().eq("id", secret.id));
      const marker = await write(bob, "bob's own");
      for (const type of ["INSERT", "UPDATE", "DELETE"]) {
        assert.equal((await heard.alice.inboxes[0].take()).eventType, type);
      }
      const first = await heard.bob.inboxes[0].take();
      assert.equal(first.eventType, "DELETE");
      assert.deepEqual(first.old, { id: secret.id });
      const second = await heard.bob.inboxes[0].take();
      assert.deepEqual(second.new, marker);
      assert.deepEqual(heard.bob.inboxes[0].items, []);
      await alice.client.removeChannel(heard.alice.channel);
      await bob.client.removeChannel(heard.bob.channel);
    });

    test("the service role hears of every row", async () => {
      const root = { client: service(getTarget(), { vsn }) };
      const { channel, inboxes } = await listen(root, on({ event: "INSERT" }));
      const rows = [await write(alice, "a"), await write(bob, "b")];
      for (const row of rows) {
        await inboxes[0].take((it) => it.new.id === row.id, "the row");
      }
      await root.client.removeChannel(channel);
    });

    test("filters and events choose, and each change reaches its bindings alone", async () => {
      const other = await openSession(alice);
      const filter = `session_id=eq.${alice.chat}`;
      const { channel, inboxes } = await listen(
        alice,
        on({ event: "INSERT", filter }),
        on({ event: "UPDATE", filter }),
        on({ event: "DELETE", filter }),
        on({ filter: `session_id=in.(${other},nowhere)` }),
        { event: "*", schema: "public", table: "crypto_prices", filter: "symbol=eq.ETH" },
      );
      const elsewhere = await write(alice, "elsewhere", { session_id: other });
      const here = await write(alice, "here");
      succeed(await alice.client.from("chat_messages").update({ content: "x" }).eq("id", here.id));
      succeed(await alice.client.from("chat_messages").delete().eq("id", here.id));
      const prices = service(getTarget()).from("crypto_prices");
      succeed(
        await prices.insert([
          { symbol: "BTC", price: 1 },
          { symbol: "ETH", price: 2 },
        ]),
      );
      const [insert, update, remove, others, price] = inboxes;
      assert.equal((await price.take()).new.symbol, "ETH");
      assert.equal((await insert.take()).new.id, here.id);
      assert.equal((await update.take()).new.content, "x");
      assert.deepEqual((await remove.take()).old, { id: here.id });
      assert.equal((await others.take()).new.id, elsewhere.id);
      for (const inbox of [insert, update, remove, price]) assert.deepEqual(inbox.items, []);
      // Everybody is told of a delete, as far as the filter's column is known.
      for (const { eventType } of others.items) assert.equal(eventType, "DELETE");
      await alice.client.removeChannel(channel);
    });

    test("a filtered binding gets no delete where only the key of the old row is kept", async () => {
      const { channel, inboxes } = await listen(
        alice,
        { event: "*", schema: "public", table: "crypto_prices", filter: "symbol=eq.SOL" },
        { event: "DELETE", schema: "public", table: "crypto_prices" },
      );
      const prices = service(getTarget()).from("crypto_prices");
      const { id } = succeed(
        await prices.insert({ symbol: "SOL", price: "0.1" }).select("id").single(),
      );
      assert.equal((await inboxes[0].take()).eventType, "INSERT");
      succeed(await service(getTarget()).from("crypto_prices").delete().eq("id", id));
      await inboxes[1].take((it) => it.old.id === id, "the delete");
      assert.deepEqual(inboxes[0].items, []);
      await alice.client.removeChannel(channel);
    });

    test("rows of one request arrive in order", async () => {
      const { channel, inboxes } = await listen(alice, on({ event: "INSERT" }));
      const rows = Array.from({ length: 200 }, (_, at) => messageOf(alice, alice.chat, `${at}`));
      succeed(await alice.client.from("chat_messages").insert(rows));
      for (const row of rows) assert.equal((await inboxes[0].take()).new.content, row.content);
      await alice.client.removeChannel(channel);
    });

    test("a bad binding is told by a system error, and the join stands", async () => {
      const channel = alice.client.channel(`bad-${randomUUID()}`);
      channel.on("postgres_changes", on({ filter: "nope=eq.1" }), () => {});
      const { systems } = await subscribe(channel);
      const system = await systems.take();
      assert.equal(system.status, "error");
      assert.equal(system.extension, "postgres_changes");
      assert.match(system.message, /invalid column for filter nope/);
      await alice.client.removeChannel(channel);
    });

    test("a new token on a live channel is followed by Subscribed, and changes go on", async () => {
      const { channel, inboxes, systems } = await listen(alice, on({ event: "INSERT" }));
      const before = alice.client.realtime.accessTokenValue;
      // Tokens of one second are equal, and an equal token is no news.
      while (alice.client.realtime.accessTokenValue === before) {
        const { error } = await alice.client.auth.refreshSession();
        assert.equal(error, null);
        await alice.client.realtime.setAuth();
      }
      await systems.take((it) => it.status === "ok", "the second Subscribed");
      const row = await write(alice, "after the refresh");
      assert.deepEqual((await inboxes[0].take()).new, row);
      await alice.client.removeChannel(channel);
    });
  });
}

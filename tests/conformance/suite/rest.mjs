// Reading and writing rows: operators, pages, exact values, and PostgREST's own errors.

import assert from "node:assert/strict";
import { createHmac, randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import {
  connect,
  disconnectAll,
  messageOf,
  openSession,
  raw,
  service,
  signUp,
  succeed,
  without,
} from "./support.mjs";

/** @param {() => import("./support.mjs").Target} getTarget */
export function registerRest(getTarget) {
  describe("rows", () => {
    let alice;
    let chat;
    let messages;

    before(async () => {
      alice = await signUp(getTarget(), "Alice");
      chat = await openSession(alice);
      messages = () => alice.client.from("chat_messages");
    });
    after(disconnectAll);

    describe("writing", () => {
      test("an insert returns the row with its defaults", async () => {
        const row = messageOf(alice, chat, 'héllo 👩‍👩‍👧 "q" \\ \n\t 漢字');
        const answer = await messages().insert(row).select().single();
        const stored = succeed(answer);
        assert.equal(answer.status, 201);
        assert.equal(stored.content, row.content);
        assert.equal(stored.status, "delivered");
        assert.equal(stored.message_type, "text");
        assert.deepEqual(stored.metadata, {});
        assert.match(stored.id, /^[0-9a-f]{8}-[0-9a-f]{4}-4/);
        const age = Date.now() - Date.parse(stored.created_at);
        assert.ok(Math.abs(age) < 60_000, stored.created_at);
      });

      test("times are ISO 8601 with an offset", async (t) => {
        if (without(t, getTarget(), "iso_times")) return;
        const stored = succeed(
          await messages()
            .insert(messageOf(alice, chat, "t", { created_at: "2026-11-22 12:57:49.5+02" }))
            .select()
            .single(),
        );
        assert.equal(stored.created_at, "2026-11-22T10:57:49.5+00:00");
      });

      test("without select an insert returns nothing", async () => {
        const answer = await messages().insert(messageOf(alice, chat, "quiet"));
        assert.equal(answer.status, 201);
        assert.equal(answer.data, null);
      });

      test("many rows go in at once, absent keys taking their defaults", async (t) => {
        if (without(t, getTarget(), "bulk_defaults")) return;
        const rows = [
          messageOf(alice, chat, "one", { status: "sending" }),
          messageOf(alice, chat, "two"),
        ];
        const stored = succeed(
          await messages().insert(rows, { defaultToNull: false }).select("content,status"),
        );
        assert.deepEqual(stored, [
          { content: "one", status: "sending" },
          { content: "two", status: "delivered" },
        ]);
      });

      test("an upsert changes what is there, and inserts what is not", async () => {
        const row = messageOf(alice, chat, "first", { id: randomUUID() });
        succeed(await messages().upsert(row));
        const stored = succeed(
          await messages()
            .upsert({ ...row, content: "second" })
            .select()
            .single(),
        );
        assert.equal(stored.content, "second");
      });

      test("an insert that ignores duplicates leaves the row, and returns none", async () => {
        const row = messageOf(alice, chat, "kept", { id: randomUUID() });
        const options = { onConflict: "id", ignoreDuplicates: true };
        const first = succeed(await messages().upsert(row, options).select());
        assert.equal(first.length, 1);
        const again = await messages()
          .upsert({ ...row, content: "lost" }, options)
          .select();
        assert.deepEqual(succeed(again), []);
        const stored = succeed(await messages().select().eq("id", row.id).single());
        assert.equal(stored.content, "kept");
      });

      test("an update and a delete tell what they touched", async () => {
        const { id } = succeed(
          await messages()
            .insert(messageOf(alice, chat, "old"))
            .select()
            .single(),
        );
        const updated = await messages().update({ content: "new" }).eq("id", id).select("content");
        assert.deepEqual(succeed(updated), [{ content: "new" }]);
        assert.equal((await messages().update({ content: "n" }).eq("id", id)).status, 204);
        assert.deepEqual(
          succeed(await messages().update({ content: "x" }).eq("id", randomUUID()).select()),
          [],
        );
        const deleted = await messages().delete({ count: "exact" }).eq("id", id);
        assert.equal(deleted.error, null);
        assert.equal(deleted.count, 1);
        assert.deepEqual(succeed(await messages().select().eq("id", id)), []);
      });
    });

    describe("reading", () => {
      let room;
      const texts = ["apple", "Banana", "cherry, pie", '100% (pure) "juice"', "under_score"];

      before(async () => {
        room = await openSession(alice);
        const rows = texts.map((content, at) =>
          messageOf(alice, room, content, {
            created_at: `2026-01-0${at + 1}T00:00:00.000001+00:00`,
            status: at % 2 ? "sending" : "delivered",
            user_id: at === 4 ? null : alice.id,
            metadata: { at },
          }),
        );
        succeed(await messages().insert(rows));
      });

      const inRoom = (columns = "content") =>
        messages().select(columns).eq("session_id", room).order("created_at");
      const contents = async (query) => succeed(await query).map((row) => row.content);

      const operators = [
        ["eq", (q) => q.eq("content", texts[2]), [2]],
        ["eq with quotes and parentheses", (q) => q.eq("content", texts[3]), [3]],
        ["neq", (q) => q.neq("content", "apple"), [1, 2, 3, 4]],
        ["gt", (q) => q.gt("created_at", "2026-01-03T00:00:00.000001Z"), [3, 4]],
        ["gte", (q) => q.gte("created_at", "2026-01-03T00:00:00.000001Z"), [2, 3, 4]],
        ["lt", (q) => q.lt("created_at", "2026-01-02T01:00:00.000001+01:00"), [0]],
        ["lte", (q) => q.lte("created_at", "2026-01-02T01:00:00.000001+01:00"), [0, 1]],
        ["in", (q) => q.in("content", [texts[0], texts[2]]), [0, 2]],
        ["in with quotes", (q) => q.filter("content", "in", `("100% (pure) \\"juice\\"")`), [3]],
        ["is null", (q) => q.is("user_id", null), [4]],
        ["not is null", (q) => q.not("user_id", "is", null), [0, 1, 2, 3]],
        ["like", (q) => q.like("content", "%e%"), [0, 2, 3, 4]],
        ["like with an escape", (q) => q.like("content", "%\\_%"), [4]],
        ["ilike", (q) => q.ilike("content", "b%A"), [1]],
        ["not like", (q) => q.not("content", "like", "%e%"), [1]],
        ["or", (q) => q.or("content.eq.apple,status.eq.sending"), [0, 1, 3]],
        [
          "or with and and quotes",
          (q) => q.or('and(status.eq.sending,content.ilike.b*),content.eq."cherry, pie"'),
          [1, 2],
        ],
        ["not in", (q) => q.not("content", "in", '("apple","Banana")'), [2, 3, 4]],
        ["two filters", (q) => q.eq("status", "delivered").gt("created_at", "2026-01-02"), [2, 4]],
      ];
      for (const [name, filter, expected] of operators) {
        test(`operator ${name}`, async () => {
          assert.deepEqual(
            await contents(filter(inRoom())),
            expected.map((at) => texts[at]),
          );
        });
      }

      test("order by two keys, limit and offset", async () => {
        const query = messages().select("content").eq("session_id", room);
        assert.deepEqual(
          await contents(query.order("status").order("created_at", { ascending: false }).limit(3)),
          [texts[4], texts[2], texts[0]],
        );
        const page = messages().select("content").eq("session_id", room).order("created_at");
        assert.deepEqual(await contents(page.range(1, 2)), [texts[1], texts[2]]);
        const nulls = messages().select("content").eq("session_id", room);
        const first = nulls.order("user_id", { nullsFirst: true }).order("created_at");
        assert.equal((await contents(first))[0], texts[4]);
      });

      test("a count comes with or without rows", async () => {
        const head = await messages()
          .select("*", { count: "exact", head: true })
          .eq("session_id", room);
        assert.equal(head.error, null);
        assert.equal(head.count, 5);
        const page = await messages()
          .select("content", { count: "exact" })
          .eq("session_id", room)
          .order("created_at")
          .range(0, 1);
        assert.equal(succeed(page).length, 2);
        assert.equal(page.count, 5);
        assert.equal(page.status, 206);
      });

      test("pages by key reach every row once", async () => {
        const seen = [];
        let last = null;
        for (;;) {
          let page = messages().select("id,content,created_at").eq("session_id", room);
          if (last) {
            const at = `"${last.created_at}"`;
            page = page.or(`created_at.lt.${at},and(created_at.eq.${at},id.lt."${last.id}")`);
          }
          page = page.order("created_at", { ascending: false }).order("id", { ascending: false });
          const rows = succeed(await page.limit(2));
          seen.push(...rows.map((row) => row.content));
          if (rows.length < 2) break;
          last = rows.at(-1);
        }
        assert.deepEqual(seen, texts.toReversed?.() ?? [...texts].reverse());
      });

      test("columns can be renamed and cast", async (t) => {
        const [row] = succeed(await inRoom("text:content,session_id").limit(1));
        assert.deepEqual(row, { text: "apple", session_id: room });
        if (without(t, getTarget(), "json_paths")) return;
        const [at] = succeed(await inRoom("at:metadata->at").limit(1));
        assert.deepEqual(at, { at: 0 });
      });

      test("single and maybeSingle", async () => {
        const one = await inRoom().eq("content", "apple").single();
        assert.deepEqual(succeed(one), { content: "apple" });
        for (const query of [inRoom().single(), inRoom().eq("content", "nope").single()]) {
          const { error, status } = await query;
          assert.equal(error.code, "PGRST116");
          assert.equal(status, 406);
        }
        const none = await inRoom().eq("content", "nope").maybeSingle();
        assert.equal(none.error, null);
        assert.equal(none.data, null);
        const many = await inRoom().maybeSingle();
        assert.equal(many.error.code, "PGRST116");
      });
    });

    describe("exact numbers", () => {
      const price = "67890.123456789012345678901234567890";
      const large = "9007199254740993";
      let id;

      before(async () => {
        id = randomUUID();
        const row = { id, symbol: "BTC", price, market_cap: large, volume_24h: "0" };
        succeed(await service(getTarget()).from("crypto_prices").insert(row));
      });

      test("a numeric and a bigint keep every digit as text", async (t) => {
        if (without(t, getTarget(), "exact_bigint")) return;
        const columns = "price::text,market_cap::text";
        const query = alice.client.from("crypto_prices").select(columns).eq("id", id).single();
        assert.deepEqual(succeed(await query), { price, market_cap: large });
      });

      test("in JSON they are numbers with every digit", async (t) => {
        if (without(t, getTarget(), "exact_json_numbers")) return;
        const token = alice.session.access_token;
        const path = `/rest/v1/crypto_prices?id=eq.${id}&select=price,market_cap`;
        const { text } = await raw(getTarget(), path, { token });
        assert.equal(text, `[{"price":${price},"market_cap":${large}}]`);
      });

      test("they compare as numbers", async () => {
        const prices = () => alice.client.from("crypto_prices").select("id").eq("id", id);
        assert.equal(succeed(await prices().gt("price", "9999.5")).length, 1);
        assert.equal(succeed(await prices().lt("price", "9999.5")).length, 0);
        assert.equal(succeed(await prices().eq("price", price)).length, 1);
      });
    });

    describe("refusals", () => {
      const refusals = [
        [
          "a duplicate key",
          409,
          "23505",
          async () => {
            const row = messageOf(alice, chat, "x", { id: randomUUID() });
            succeed(await messages().insert(row));
            return messages().insert(row);
          },
        ],
        [
          "a missing value",
          400,
          "23502",
          () => messages().insert({ ...messageOf(alice, chat, "x"), content: null }),
        ],
        [
          "a value outside its list",
          400,
          "23514",
          () => messages().insert(messageOf(alice, chat, "x", { role: "robot" })),
          "check_violation",
        ],
        ["a text that is no uuid", 400, "22P02", () => messages().select().eq("id", "nope")],
        ["an unknown column to read", 400, "42703", () => messages().select("nope")],
        ["an unknown column to filter by", 400, "42703", () => messages().select().eq("nope", 1)],
        [
          "an unknown column to write",
          400,
          "PGRST204",
          () => messages().insert({ ...messageOf(alice, chat, "x"), nope: 1 }),
          "unknown_column_code",
        ],
        [
          "an unknown table",
          404,
          "PGRST205",
          () => alice.client.from("nope").select(),
          "unknown_table_code",
        ],
        [
          "an unknown function",
          404,
          "PGRST202",
          () => alice.client.rpc("nope"),
          "unknown_function_code",
        ],
        [
          "an unknown operator",
          400,
          "PGRST100",
          () => messages().select().filter("id", "zz", 1),
          "unknown_operator_code",
        ],
      ];
      for (const [name, status, code, request, feature] of refusals) {
        test(`${name}: ${status} ${code}`, async (t) => {
          if (feature && without(t, getTarget(), feature)) return;
          const answer = await request();
          assert.equal(answer.error?.code, code, JSON.stringify(answer.error));
          assert.equal(answer.status, status);
          assert.equal(typeof answer.error.message, "string");
          assert.ok("details" in answer.error && "hint" in answer.error);
        });
      }

      test("a token that is none, or of another secret: 401 PGRST301", async (t) => {
        if (without(t, getTarget(), "malformed_tokens")) return;
        const header = Buffer.from('{"alg":"HS256","typ":"JWT"}').toString("base64url");
        const claims = { role: "authenticated", sub: alice.id, exp: 4102444800 };
        const body = Buffer.from(JSON.stringify(claims)).toString("base64url");
        for (const token of ["nonsense", `${header}.${body}.AAAA`]) {
          const headers = { Authorization: `Bearer ${token}` };
          const mallory = connect(getTarget(), { headers });
          const answer = await mallory.from("chat_messages").select();
          assert.equal(answer.status, 401);
          assert.equal(answer.error.code, "PGRST301");
        }
      });

      test("a token that has expired: 401 PGRST303", async (t) => {
        if (without(t, getTarget(), "expired_tokens")) return;
        const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
        const now = Math.floor(Date.now() / 1000);
        const claims = { role: "authenticated", sub: alice.id, iat: now - 200, exp: now - 100 };
        const signed = `${encode({ alg: "HS256", typ: "JWT" })}.${encode(claims)}`;
        const signature = createHmac("sha256", getTarget().jwt_secret).update(signed).digest();
        const token = `${signed}.${signature.toString("base64url")}`;
        const late = connect(getTarget(), { headers: { Authorization: `Bearer ${token}` } });
        const { status, error } = await late.from("chat_messages").select();
        assert.equal(status, 401);
        assert.equal(error.code, "PGRST303");
      });

      test("a wrong key is no way in", async () => {
        const stranger = connect(getTarget(), { key: "sb_publishable_of_another_project" });
        const { status, error } = await stranger.from("chat_messages").select();
        assert.equal(status, 401);
        assert.notEqual(error, null);
      });
    });
  });
}

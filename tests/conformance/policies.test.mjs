// The policies of supabase/migrations, asked of PostgreSQL itself: as every kind of user, without
// a server in between that could add rules of its own. What holds of the four tables alone holds
// with the optional parts as well.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import postgres from "postgres";
import { MIGRATIONS, migrationFiles, PARTS, runMigrations, startLite } from "./lite/lite.mjs";
import { undone } from "./lite/people.mjs";
import { lacking } from "./lite/postgres.mjs";

const ALICE = randomUUID();
const BOB = randomUUID();

/** Everybody who may ask: the role that a request gets, and the claims of its token. */
const USERS = {
  alice: { role: "authenticated", sub: ALICE },
  bob: { role: "authenticated", sub: BOB },
  stranger: { role: "authenticated", sub: randomUUID() },
  "a token without a user": { role: "authenticated" },
  anon: { role: "anon" },
  service_role: { role: "service_role" },
};

/** Alice's rows: how one is written, and what would change it. */
const ROWS = {
  chat_sessions: { id: "s-new", user_id: ALICE, title: "new" },
  chat_messages: { id: randomUUID(), session_id: "s-alice", user_id: ALICE, content: "new" },
  user_presence: { user_id: ALICE, session_id: "s-alice" },
  crypto_prices: { id: randomUUID(), symbol: "NEW", price: "1.5" },
};
const KEPT = {
  chat_sessions: { key: "id", value: "s-alice", change: { title: "changed" } },
  chat_messages: {
    key: "id",
    value: "00000000-0000-4000-8000-00000000000a",
    change: { content: "changed" },
  },
  user_presence: { key: "user_id", value: ALICE, change: { status: "away" } },
  crypto_prices: {
    key: "id",
    value: "00000000-0000-4000-8000-0000000000b1",
    change: { symbol: "ETH" },
  },
};

/** The rules of supabase/README.md. */
function allowed(user, verb, table) {
  if (user === "service_role") return true;
  if (table === "crypto_prices") return verb === "select" && USERS[user].role !== "anon";
  return user === "alice";
}

const reason = lacking();

if (reason !== undefined) {
  console.log(`SKIPPED: policies on PostgreSQL: ${reason}`);
  test("policies on PostgreSQL", { skip: reason }, () => {});
} else {
  for (const parts of [[], PARTS]) {
    const name = parts.length === 0 ? "the four tables alone" : `with ${parts.join(" and ")}`;
    describe(`policies on PostgreSQL: ${name}`, () => register(parts));
  }
}

/** @param {string[]} parts the optional parts that are applied */
function register(parts) {
  let lite;
  let sql;

  before(async () => {
    lite = await startLite({ parts });
    sql = postgres(lite.info.db_url, { max: 1, onnotice: () => {} });
    await sql`insert into chat_sessions (id, user_id) values ('s-alice', ${ALICE}), ('s-bob', ${BOB})`;
    await sql`insert into chat_messages (id, session_id, user_id, content, role) values
        (${KEPT.chat_messages.value}, 's-alice', ${ALICE}, 'kept', 'user')`;
    await sql`insert into user_presence (user_id, session_id) values (${ALICE}, 's-alice')`;
    await sql`insert into crypto_prices (id, symbol, price) values
        (${KEPT.crypto_prices.value}, 'BTC', 1)`;
  });
  after(async () => {
    await sql?.end();
    await lite?.stop();
  });

  /** Runs statements as a user, and takes them back. */
  const as = (user, work, prepare) => undone(sql, USERS[user], work, prepare);
  const refused = (promise) => assert.rejects(promise, { code: "42501" });
  const full = (table, row) => (table === "chat_messages" ? { role: "user", ...row } : row);
  /** One's presence is one row: it has to go before it can be written. */
  const clear = (table) => async (tx) => {
    if (table === "user_presence") await tx`delete from user_presence where user_id = ${ALICE}`;
  };

  const verbs = {
    select: (tx, table, { key, value }) =>
      tx`select * from ${tx(table)} where ${tx(key)} = ${value}`,
    insert: (tx, table) => tx`insert into ${tx(table)} ${tx(full(table, ROWS[table]))} returning *`,
    update: (tx, table, { key, value, change }) =>
      tx`update ${tx(table)} set ${tx(change)} where ${tx(key)} = ${value} returning *`,
    delete: (tx, table, { key, value }) =>
      tx`delete from ${tx(table)} where ${tx(key)} = ${value} returning *`,
  };

  for (const table of Object.keys(ROWS)) {
    for (const user of Object.keys(USERS)) {
      for (const [verb, statement] of Object.entries(verbs)) {
        const may = allowed(user, verb, table);
        test(`${user} ${may ? "may" : "may not"} ${verb} alice's ${table}`, async () => {
          const prepare = verb === "insert" ? clear(table) : undefined;
          const asked = as(user, (tx) => statement(tx, table, KEPT[table]), prepare);
          // What may not be seen is not there: only an insert is told that it is refused.
          if (verb === "insert" && !may) await refused(asked);
          else assert.equal((await asked).length, may ? 1 : 0);
        });
      }
    }
  }

  describe("what is one's own cannot be made another's", () => {
    const cases = {
      "a session is not opened for somebody else": (tx) =>
        tx`insert into chat_sessions (id, user_id) values ('s-x', ${BOB})`,
      "a session is not opened for nobody": (tx) =>
        tx`insert into chat_sessions (id) values ('s-x')`,
      "a session is not given away": (tx) =>
        tx`update chat_sessions set user_id = ${BOB} where id = 's-alice'`,
      "a message is not written into another's session": (tx) =>
        tx`insert into chat_messages (session_id, user_id, content, role)
            values ('s-bob', ${ALICE}, 'x', 'user')`,
      "a message is not written in another's name": (tx) =>
        tx`insert into chat_messages (session_id, user_id, content, role)
            values ('s-alice', ${BOB}, 'x', 'user')`,
      "a message is not moved into another's session": (tx) =>
        tx`update chat_messages set session_id = 's-bob' where session_id = 's-alice'`,
      "a message is not put in another's mouth": (tx) =>
        tx`update chat_messages set user_id = ${BOB} where session_id = 's-alice'`,
      "presence is not announced in another's session": (tx) =>
        tx`update user_presence set session_id = 's-bob' where user_id = ${ALICE}`,
      "presence is not announced for another": (tx) =>
        tx`insert into user_presence (user_id, session_id) values (${BOB}, 's-alice')`,
      "a price is not made": (tx) => tx`insert into crypto_prices (symbol, price) values ('X', 1)`,
    };
    for (const [name, statement] of Object.entries(cases)) {
      test(name, () => refused(as("alice", statement)));
    }
  });

  describe("an insert without a key tells whether policies keep one out, and writes nothing", () => {
    for (const table of Object.keys(ROWS)) {
      const { key } = KEPT[table];
      const keyless = (tx) => tx`insert into ${tx(table)} (${tx(key)}) values (null)`;
      test(table, async () => {
        const kept = { code: "42501", message: /row-level security/ };
        await assert.rejects(as("anon", keyless), kept);
        const off = (tx) => tx`alter table ${tx(table)} disable row level security`;
        const relation = new RegExp(`"${key}" of relation "${table}"`);
        await assert.rejects(as("anon", keyless, off), { code: "23502", message: relation });
      });
    }
  });

  test("an assistant's message has no user, and its session's owner may write it", async () => {
    const write = (tx) => tx`insert into chat_messages (session_id, content, role)
        values ('s-alice', 'Hello', 'assistant') returning user_id`;
    assert.deepEqual([...(await as("alice", write))], [{ user_id: null }]);
    await refused(as("bob", write));
  });

  test("others' presence in one's own session is seen, and not changed", async () => {
    const guest = (tx) =>
      tx`insert into user_presence (user_id, session_id) values (${BOB}, 's-alice')`;
    const seen = (tx) => tx`select user_id from user_presence where user_id = ${BOB}`;
    const change = (tx) =>
      tx`update user_presence set status = 'away' where user_id = ${BOB} returning *`;
    assert.equal((await as("alice", seen, guest)).length, 1);
    assert.equal((await as("alice", change, guest)).length, 0);
    assert.equal((await as("stranger", seen, guest)).length, 0);
  });

  test("the user is worked out once for a statement, not once for a row", async () => {
    const plan = await as("alice", (tx) => tx`explain (format json) select * from chat_sessions`);
    const [{ Plan }] = plan[0]["QUERY PLAN"];
    const text = JSON.stringify(Plan);
    assert.match(text, /"Parent Relationship":"InitPlan"/);
    assert.ok(!/"Filter":"[^"]*jwt/.test(text), text);
  });

  test("a page of a conversation comes from the index, in its order", async () => {
    const plan = await sql.begin(async (tx) => {
      await tx`set local enable_seqscan = off`;
      await tx`set local enable_sort = off`;
      return tx`explain (format json) select * from chat_messages where session_id = 's-alice'
          order by created_at desc, id desc limit 50`;
    });
    const text = JSON.stringify(plan[0]["QUERY PLAN"]);
    assert.match(text, /idx_chat_messages_session_id_created_at_id/);
    assert.ok(!text.includes('"Sort"'), text);
  });

  test("live changes are published, with whole old rows of messages", async () => {
    const core = ["chat_messages", "chat_sessions", "crypto_prices", "user_presence"];
    const published = await sql`select tablename from pg_publication_tables
        where pubname = 'supabase_realtime' and schemaname = 'public' order by tablename`;
    assert.deepEqual(
      published.map((row) => row.tablename),
      [...core, ...(parts.includes("members") ? ["chat_session_members"] : [])].sort(),
    );
    const [{ relreplident }] =
      await sql`select relreplident from pg_class where oid = 'chat_messages'::regclass`;
    assert.equal(relreplident, "f");
  });

  describe("what lets everybody in is taken away, and nothing else", () => {
    const ALL = Object.keys(ROWS);
    const open = async (tx) => {
      for (const table of ALL) {
        await tx`create policy everybody on ${tx(table)} using (true)`;
        await tx`create policy "anyone writes" on ${tx(table)} for insert to anon with check (true)`;
      }
      await tx`create policy "prices for all" on crypto_prices for select using (true)`;
      await tx`create policy "on a condition" on chat_sessions for select to anon using (id = 's-bob')`;
    };
    const shut = async (tx) => {
      await open(tx);
      for (const file of [["..", "shut_open_policies.sql"], ["20261123000100_row_level_security.sql"]]) {
        // With the members part its own rules stay.
        if (file.length === 1 && parts.includes("members")) continue;
        await tx.unsafe(await readFile(join(MIGRATIONS, ...file), "utf8"));
      }
    };
    const rows = (tx, table) => tx`select * from ${tx(table)}`;

    test("before, whoever has the key reads and writes", async () => {
      for (const table of ALL) {
        assert.notEqual((await as("anon", (tx) => rows(tx, table), open)).length, 0, table);
      }
      const written = await as("anon", (tx) => verbs.insert(tx, "chat_sessions"), open);
      assert.equal(written.length, 1);
    });

    for (const table of ALL) {
      test(table, async () => {
        const seen = await as("anon", (tx) => rows(tx, table), shut);
        const ids = seen.map((row) => row.id);
        if (table === "crypto_prices") assert.deepEqual(ids, [KEPT.crypto_prices.value]);
        else assert.deepEqual(ids, table === "chat_sessions" ? ["s-bob"] : []);
        await refused(as("anon", (tx) => verbs.insert(tx, table), shut));
        const own = await as("alice", (tx) => verbs.select(tx, table, KEPT[table]), shut);
        assert.equal(own.length, 1);
      });
    }
  });

  test("running the migrations and the demo data again changes nothing", async () => {
    const state = async () => {
      const [{ state }] = await sql`select json_build_object(
          'policies', (select json_agg(p order by tablename, policyname) from pg_policies p
            where schemaname = 'public'),
          'indexes', (select json_agg(i order by indexname) from pg_indexes i
            where schemaname = 'public'),
          'tables', (select json_agg(c order by table_name, ordinal_position)
            from information_schema.columns c where table_schema = 'public'),
          'sessions', (select json_agg(s order by id) from chat_sessions s),
          'messages', (select json_agg(m order by id) from chat_messages m),
          'prices', (select json_agg(p order by id) from crypto_prices p)) as state`;
      return state;
    };
    const seed = await readFile(join(MIGRATIONS, "../seed.sql"), "utf8");
    await sql.unsafe(seed);
    const once = await state();
    if (parts.length === 0) assert.equal(once.policies.length, 13);
    await runMigrations(lite.info.db_url, await migrationFiles({ parts }));
    await sql.unsafe(seed);
    assert.deepEqual(await state(), once);
  });
}

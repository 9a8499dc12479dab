// The sync part on PostgreSQL itself: what several connections at once must not break, and what
// becomes of a project that has rows when the part is applied.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { after, before, describe, test } from "node:test";
import postgres from "postgres";
import { MIGRATIONS, migrationFiles, runMigrations, startLite } from "./lite/lite.mjs";
import { as, blocked, processOf, undone } from "./lite/people.mjs";
import { lacking } from "./lite/postgres.mjs";
import { digestOf } from "./suite/sync.mjs";

const REMOVE = resolve(MIGRATIONS, "../remove/sync.sql");
const ALICE = { role: "authenticated", sub: randomUUID() };
const BOB = { role: "authenticated", sub: randomUUID() };

const reason = lacking();

if (reason !== undefined) {
  console.log(`SKIPPED: the sync part on PostgreSQL: ${reason}`);
  test("the sync part on PostgreSQL", { skip: reason }, () => {});
} else {
  describe("the sync part on PostgreSQL", () => {
    let lite;
    let sql;
    let one;
    let two;
    const connections = [];
    const pids = new Map();
    const connection = () => {
      const made = postgres(lite.info.db_url, { max: 1, onnotice: () => {} });
      connections.push(made);
      return made;
    };
    const parts = ["sync"];
    const apply = async () => runMigrations(lite.info.db_url, await migrationFiles({ parts }));

    const say = (tx, session, content, id = randomUUID()) =>
      tx`insert into chat_messages (id, session_id, user_id, content, role)
        values (${id}, ${session}, ${ALICE.sub}, ${content}, 'user') returning id, rev`;
    const open = async () => {
      const id = `s-${randomUUID()}`;
      await sql`insert into chat_sessions (id, user_id) values (${id}, ${ALICE.sub})`;
      return id;
    };
    const pageAfter = (session, cursor, limit = 1000) =>
      as(
        sql,
        ALICE,
        (tx) => tx`select id, content, rev from chat_messages
          where session_id = ${session} and rev > ${cursor} order by rev limit ${limit}`,
      );
    const head = async (session) =>
      (await sql`select last_rev::int, gone from chat_sync_heads where session_id = ${session}`)[0];

    /** A transaction that stays open until it is told to end. */
    const held = async (on, user, work) => {
      let finish;
      const told = new Promise((end) => {
        finish = end;
      });
      let ready;
      const begun = new Promise((go) => {
        ready = go;
      });
      const done = as(on, user, async (tx) => {
        const result = await work(tx);
        ready();
        await told;
        return result;
      });
      await Promise.race([begun, done]);
      const commit = () => {
        finish();
        return done;
      };
      return { done, commit };
    };
    /** Starts work that has to wait for what `behind` holds; gives its end once it waits. */
    const waits = async (on, behind, work) => {
      const [pid, holder] = [await processOf(on), pids.get(behind)];
      const done = as(on, ALICE, work);
      await Promise.race([blocked(sql, pid, holder), done]);
      return { done };
    };

    before(async () => {
      lite = await startLite({ parts });
      [sql, one, two] = [connection(), connection(), connection()];
      pids.set(one, await processOf(one));
    });
    after(async () => {
      for (const each of connections) await each.end();
      await lite?.stop();
    });

    describe("several at once", () => {
      test("a revision is never seen before a lower one of its session", async () => {
        const chat = await open();
        const first = await held(one, ALICE, (tx) => say(tx, chat, "first"));
        const second = await waits(two, one, (tx) => say(tx, chat, "second"));
        // Neither is committed, nor can the second be: a reader that came now keeps its cursor.
        assert.deepEqual([...(await pageAfter(chat, 1))], []);
        const [{ rev: lower }] = await first.commit();
        const [{ rev: higher }] = await second.done;
        assert.deepEqual([Number(lower), Number(higher)], [2, 3]);
        const seen = await pageAfter(chat, 1);
        assert.deepEqual(
          seen.map((row) => row.content),
          ["first", "second"],
        );
      });

      test("sessions do not wait for one another", async () => {
        const [chat, other] = [await open(), await open()];
        const first = await held(one, ALICE, (tx) => say(tx, chat, "first"));
        const [{ rev }] = await as(two, ALICE, (tx) => say(tx, other, "second"));
        assert.equal(Number(rev), 2);
        await first.commit();
      });

      test("a reader that pages while many write sees each row, and each once", async () => {
        const chat = await open();
        const writers = Array.from({ length: 6 }, connection);
        const each = 25;
        let over = false;
        const writing = Promise.all(
          writers.map(async (writer, at) => {
            for (let index = 0; index < each; index += 1) {
              await as(writer, ALICE, async (tx) => {
                await say(tx, chat, `${at}.${index}`);
                // A transaction of several writes commits them together.
                if (index % 3 === 0) await say(tx, chat, `${at}.${index} too`);
              });
            }
          }),
        ).then(() => {
          over = true;
        });
        const seen = [];
        let cursor = 1;
        for (;;) {
          const last = over;
          const rows = await pageAfter(chat, cursor, 7);
          seen.push(...rows.map((row) => Number(row.rev)));
          cursor = seen.at(-1) ?? cursor;
          if (last && rows.length === 0) break;
        }
        await writing;
        const total = writers.length * (each + Math.ceil(each / 3));
        assert.deepEqual(
          seen,
          Array.from({ length: total }, (_, index) => index + 2),
        );
      });

      test("a message deleted meanwhile does not come back", async () => {
        const chat = await open();
        const [{ id }] = await as(one, ALICE, (tx) => say(tx, chat, "one"));
        const deleting = await held(
          one,
          ALICE,
          (tx) => tx`delete from chat_messages where id = ${id}`,
        );
        const retried = await waits(two, one, (tx) => say(tx, chat, "one", id));
        await deleting.commit();
        assert.deepEqual([...(await retried.done)], []);
        assert.deepEqual(await head(chat), { last_rev: 3, gone: false });
      });

      test("one message sent twice at once is one row with one revision", async () => {
        const chat = await open();
        const id = randomUUID();
        const send = (tx) =>
          tx`insert into chat_messages (id, session_id, user_id, content, role)
            values (${id}, ${chat}, ${ALICE.sub}, 'once', 'user') on conflict (id) do nothing
            returning id`;
        const answers = await Promise.all([as(one, ALICE, send), as(two, ALICE, send)]);
        assert.deepEqual(answers.map((rows) => rows.length).sort(), [0, 1]);
        assert.deepEqual(await head(chat), { last_rev: 2, gone: false });
      });

      test("a message on its way into a session that is being deleted goes nowhere", async () => {
        const chat = await open();
        const deleting = await held(
          one,
          ALICE,
          (tx) => tx`delete from chat_sessions where id = ${chat}`,
        );
        const sent = await waits(two, one, (tx) => say(tx, chat, "late"));
        await deleting.commit();
        assert.deepEqual([...(await sent.done)], []);
        assert.deepEqual(await head(chat), { last_rev: 2, gone: true });
      });

      test("a session is deleted once the message on its way is in, and takes it along", async () => {
        const chat = await open();
        const sending = await held(one, ALICE, (tx) => say(tx, chat, "early"));
        const deleted = await waits(
          two,
          one,
          (tx) => tx`delete from chat_sessions where id = ${chat} returning id`,
        );
        await sending.commit();
        assert.equal((await deleted.done).length, 1);
        const left = await sql`select from chat_messages where session_id = ${chat}`;
        assert.equal(left.length, 0);
        assert.deepEqual(await head(chat), { last_rev: 3, gone: true });
      });

      test("two that swap their messages' sessions do not lock each other out", async () => {
        const [a, b] = [await open(), await open()];
        const [{ id: x }] = await as(one, ALICE, (tx) => say(tx, a, "x"));
        const [{ id: y }] = await as(one, ALICE, (tx) => say(tx, b, "y"));
        const move = (id, to) => (tx) =>
          tx`update chat_messages set session_id = ${to} where id = ${id}`;
        for (let round = 0; round < 10; round += 1) {
          const [from, to] = round % 2 === 0 ? [b, a] : [a, b];
          await Promise.all([as(one, ALICE, move(x, from)), as(two, ALICE, move(y, to))]);
        }
        assert.equal((await head(a)).last_rev, 22);
      });
    });

    test("the digest's hash is that of the heads, in the order of their bytes", async () => {
      const odd = ["Z", "a", "é", "ä:1", "\n"].map((id) => `${id}-${randomUUID()}`);
      await undone(
        sql,
        BOB,
        async (tx) => {
          const [digest] = await tx`select heads::int, hash from chat_sync_digest`;
          const heads = await tx`select * from chat_sync_heads`;
          assert.deepEqual({ ...digest }, { heads: odd.length, hash: digestOf(heads) });
        },
        async (tx) => {
          for (const id of odd) {
            await tx`insert into chat_sessions (id, user_id) values (${id}, ${BOB.sub})`;
          }
        },
      );
    });

    test("heads and pages of messages are found by their indexes", async () => {
      const many = async (tx) => {
        await tx`insert into chat_sessions (id, user_id)
          select 'many-' || n, ${ALICE.sub} from generate_series(1, 40) n`;
        await tx`insert into chat_messages (session_id, content, role)
          select 'many-' || n % 40 + 1, 'x', 'user' from generate_series(1, 8000) n`;
        await tx`analyze chat_sessions, chat_messages, chat_sync_heads`;
      };
      const plan = async (statement) => {
        const asked = (tx) => tx.unsafe(`explain (format json) ${statement}`);
        return JSON.stringify((await undone(sql, ALICE, asked, many))[0]["QUERY PLAN"]);
      };
      assert.match(
        await plan(`select * from chat_messages where (session_id = 'many-1' and rev > 180)
          or (session_id = 'many-2' and rev > 190) order by session_id, rev limit 100`),
        /idx_chat_messages_session_id_rev/,
      );
      assert.match(
        await plan("select * from chat_sync_digest"),
        /"Index Name":"chat_sync_heads_pkey","[^}]*"Index Cond":"\(session_id = ANY/,
      );
    });

    test("what the part keeps for itself is not published, nor in reach of clients", async () => {
      const published = await sql`select tablename from pg_publication_tables
        where tablename like '%sync%' or tablename = 'chat_tombstones'`;
      assert.equal(published.length, 0);
      for (const statement of [
        "select chat_private.lock_head('x')",
        "select chat_private.next_rev('x')",
        "select * from chat_private.sync_epoch",
        "insert into chat_private.sync_gone values ('x', 'x')",
      ]) {
        const asked = undone(sql, ALICE, (tx) => tx.unsafe(statement));
        await assert.rejects(asked, { code: "42501" }, statement);
      }
    });

    test("what a head says of a session that is gone, a stranger does not hear", async () => {
      const chat = await open();
      await as(sql, ALICE, (tx) => tx`delete from chat_sessions where id = ${chat}`);
      const seen = (user) =>
        undone(sql, user, (tx) => tx`select gone from chat_sync_heads where session_id = ${chat}`);
      assert.deepEqual([...(await seen(ALICE))], [{ gone: true }]);
      for (const user of [BOB, { role: "authenticated" }, { role: "anon" }]) {
        assert.deepEqual([...(await seen(user))], []);
      }
    });

    test("a truncate, which tells of no row, is refused", async () => {
      for (const table of ["chat_messages", "chat_sessions"]) {
        await assert.rejects(sql.unsafe(`truncate ${table}`), { code: "0A000" });
      }
    });

    describe("on a project that has rows", () => {
      const state = async () => {
        const [{ state }] = await sql`select json_build_object(
          'policies', (select json_agg(p order by tablename, policyname) from pg_policies p),
          'indexes', (select json_agg(i order by indexname) from pg_indexes i
            where schemaname in ('public', 'chat_private')),
          'columns', (select json_agg(c order by table_schema, table_name, ordinal_position)
            from information_schema.columns c where table_schema in ('public', 'chat_private')),
          'triggers', (select json_agg(pg_get_triggerdef(oid) order by tgname, tgrelid)
            from pg_trigger where not tgisinternal),
          'sessions', (select json_agg(s order by id) from chat_sessions s),
          'messages', (select json_agg(m order by id) from chat_messages m)) as state`;
        return state;
      };
      const sync = async () => {
        const [{ state }] = await sql`select json_build_object(
          'digest', (select d from chat_sync_digest d),
          'heads', (select json_agg(h order by session_id) from chat_sync_heads h),
          'tombstones', (select json_agg(t order by id) from chat_tombstones t)) as state`;
        return state;
      };

      test("running it again changes nothing", async () => {
        const before = [await state(), await sync()];
        await apply();
        assert.deepEqual([await state(), await sync()], before);
      });

      test("removing it leaves the project as it was without it", async () => {
        const [{ epoch }] = await sql`select epoch from chat_sync_digest`;
        const rows = await sql`select id, content, updated_at from chat_messages order by id`;
        for (let times = 0; times < 2; times += 1) {
          await sql.unsafe(await readFile(REMOVE, "utf8"));
        }
        const [left] = await sql`select
          (select count(*)::int from pg_proc where pronamespace = to_regnamespace('chat_private'))
            as functions,
          (select count(*)::int from pg_trigger where tgname like 'chat_sync%') as triggers,
          to_regclass('chat_sync_digest') is null as gone,
          (select count(*)::int from information_schema.columns where column_name = 'rev') as revs`;
        assert.deepEqual({ ...left }, { functions: 0, triggers: 0, gone: true, revs: 0 });
        const after = await sql`select id, content, updated_at from chat_messages order by id`;
        assert.deepEqual([...after], [...rows]);
        await apply();
        const [again] = await sql`select epoch from chat_sync_digest`;
        assert.notEqual(again.epoch, epoch);
      });

      test("rows that are there get revisions in their order, and nothing else changes", async () => {
        await sql.unsafe(await readFile(REMOVE, "utf8"));
        const chat = `s-${randomUUID()}`;
        await sql`insert into chat_sessions (id, user_id) values (${chat}, ${ALICE.sub})`;
        for (const minute of [3, 1, 2]) {
          await sql`insert into chat_messages (session_id, user_id, content, role, created_at)
            values (${chat}, ${ALICE.sub}, ${`${minute}`}, 'user',
              ${`2026-11-01T10:0${minute}:00Z`})`;
        }
        // The four tables know no foreign key.
        const orphans = `s-${randomUUID()}`;
        await sql`insert into chat_messages (session_id, content, role)
          values (${orphans}, 'alone', 'system')`;
        const rows = () => sql`select id, content, updated_at, created_at from chat_messages
          order by id`;
        const before = [...(await rows())];
        await apply();
        assert.deepEqual([...(await rows())], before);
        const revs = await sql`select content, rev::int from chat_messages
          where session_id in (${chat}, ${orphans}) order by session_id = ${orphans}, rev`;
        assert.deepEqual(
          revs.map(({ content, rev }) => [content, rev]),
          [
            ["1", 2],
            ["2", 3],
            ["3", 4],
            ["alone", 1],
          ],
        );
        assert.deepEqual(await head(chat), { last_rev: 4, gone: false });
        assert.deepEqual(await head(orphans), { last_rev: 1, gone: false });
        const [{ wrong }] = await sql`select count(*)::int as wrong from chat_sync_heads h
          where last_rev <> greatest(
            (select max(rev) from chat_messages m where m.session_id = h.session_id),
            (select max(rev) from chat_sessions s where s.id = h.session_id))`;
        assert.equal(wrong, 0);
        const [{ rev }] = await as(sql, ALICE, (tx) => say(tx, chat, "next"));
        assert.equal(Number(rev), 5);
      });
    });
  });
}

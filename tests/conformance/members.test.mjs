// The members part on PostgreSQL itself: the policies of private channels, invitations that are
// redeemed at once, and the orders in which the parts can be applied.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { after, before, describe, test } from "node:test";
import postgres from "postgres";
import { MIGRATIONS, migrationFiles, runMigrations, startLite } from "./lite/lite.mjs";
import { as, become, blocked, processOf, undone } from "./lite/people.mjs";
import { lacking } from "./lite/postgres.mjs";

const remover = (part) => resolve(MIGRATIONS, `../remove/${part}.sql`);
const user = (sub = randomUUID()) => ({ role: "authenticated", sub });
const PEOPLE = {
  owner: user(),
  member: user(),
  reader: user(),
  removed: user(),
  stranger: user(),
  "a token without a user": { role: "authenticated" },
  anon: { role: "anon" },
};

/** What Realtime asks: the policies of its table, about the topic that it has set. */
const REALTIME = `
  create schema realtime;
  create function realtime.topic() returns text language sql stable
    as $$ select nullif(current_setting('realtime.topic', true), '') $$;
  create table realtime.messages (topic text not null, extension text not null, payload jsonb);
  alter table realtime.messages enable row level security;
  grant usage on schema realtime to anon, authenticated;
  grant select, insert on realtime.messages to anon, authenticated;
`;

const reason = lacking();

if (reason !== undefined) {
  console.log(`SKIPPED: the members part on PostgreSQL: ${reason}`);
  test("the members part on PostgreSQL", { skip: reason }, () => {});
} else {
  describe("the members part on PostgreSQL", () => {
    let lite;
    let sql;
    let one;
    let two;
    const connections = [];
    const connection = () => {
      const made = postgres(lite.info.db_url, { max: 1, onnotice: () => {} });
      connections.push(made);
      return made;
    };
    const files = (parts) => migrationFiles({ parts });
    const only = async (part) => (await files([part])).filter((it) => it.endsWith(`_${part}.sql`));
    const apply = async (part) => runMigrations(lite.info.db_url, await only(part));
    const remove = async (part) => sql.unsafe(await readFile(remover(part), "utf8"));
    const has = async (name) =>
      (await sql`select to_regclass(${name}) is not null as there`)[0].there;

    const share = async () => {
      const id = `s-${randomUUID()}`;
      await sql`insert into chat_sessions (id, user_id) values (${id}, ${PEOPLE.owner.sub})`;
      await sql`insert into chat_session_members (session_id, user_id, role) values
        (${id}, ${PEOPLE.member.sub}, 'member'), (${id}, ${PEOPLE.reader.sub}, 'reader'),
        (${id}, ${PEOPLE.removed.sub}, 'member')`;
      await sql`delete from chat_session_members
        where session_id = ${id} and user_id = ${PEOPLE.removed.sub}`;
      return id;
    };
    const invite = async (session) => {
      const make = (tx) => tx`select chat_create_invite(${session}) as invite`;
      return (await as(sql, PEOPLE.owner, make))[0].invite;
    };
    const redeem = (code) => (tx) => tx`select chat_redeem_invite(${code}) as joined`;

    before(async () => {
      lite = await startLite({ parts: ["members"] });
      [sql, one, two] = [connection(), connection(), connection()];
      await sql.unsafe(REALTIME);
      await apply("members");
    });
    after(async () => {
      for (const each of connections) await each.end();
      await lite?.stop();
    });

    test("it needs no sync part", async () => {
      assert.equal(await has("public.chat_sync_heads"), false);
      const session = await share();
      const seen = await undone(
        sql,
        PEOPLE.reader,
        (tx) => tx`select id from chat_sessions where id = ${session}`,
      );
      assert.equal(seen.length, 1);
    });

    test("no policy comes back to where it began", async () => {
      for (const who of Object.values(PEOPLE)) {
        await undone(sql, who, async (tx) => {
          for (const table of [
            "chat_sessions",
            "chat_messages",
            "user_presence",
            "chat_session_members",
            "chat_session_invites",
            "chat_profiles",
          ]) {
            await tx`select * from ${tx(table)}`;
          }
        });
      }
    });

    test("memberships are read once for a statement, and rows by their indexes", async () => {
      const many = async (tx) => {
        await tx`insert into chat_sessions (id, user_id)
          select 'many-' || n, 'user-' || n % 50 from generate_series(1, 2000) n`;
        await tx`insert into chat_messages (session_id, content, role)
          select 'many-' || n % 50, 'x', 'user' from generate_series(1, 20000) n`;
        await tx`analyze chat_sessions, chat_messages, chat_session_members`;
      };
      const plan = async (statement) => {
        const asked = (tx) => tx.unsafe(`explain (format json) ${statement}`);
        return JSON.stringify((await undone(sql, user("user-1"), asked, many))[0]["QUERY PLAN"]);
      };
      const sessions = await plan("select * from chat_sessions");
      assert.match(sessions, /"Subplan Name":"InitPlan/);
      assert.ok(!sessions.includes('"Node Type":"Seq Scan"'), sessions);
      const messages = await plan(
        "select * from chat_messages where session_id = 'many-1' order by created_at, id limit 50",
      );
      assert.match(messages, /idx_chat_messages_session_id/);
      assert.ok(!messages.includes('"Node Type":"Seq Scan"'), messages);
      const newest = await plan(
        "select * from chat_messages order by created_at desc, id desc limit 500",
      );
      assert.match(newest, /idx_chat_messages_session_id/);
      assert.ok(!newest.includes("idx_chat_messages_created_at"), newest);
    });

    describe("the private channel of a session", () => {
      let session;

      before(async () => {
        session = await share();
      });

      /** As Realtime asks about reading: which of these rows of the topic are seen? */
      const hears = (who, topic) =>
        undone(
          sql,
          who,
          async (tx) => {
            const rows = await tx`select extension from realtime.messages where topic = ${topic}`;
            return rows.map((row) => row.extension).sort();
          },
          async (tx) => {
            await tx`select set_config('realtime.topic', ${topic}, true)`;
            for (const extension of ["broadcast", "presence", "postgres_changes"]) {
              await tx`insert into realtime.messages (topic, extension)
                values (${topic}, ${extension})`;
            }
          },
        );
      /** As Realtime asks about writing: is such a row admitted? */
      const says = async (who, extension, topic) => {
        const write = (tx) =>
          tx`insert into realtime.messages (topic, extension) values (${topic}, ${extension})`;
        const set = (tx) => tx`select set_config('realtime.topic', ${topic}, true)`;
        try {
          await undone(sql, who, write, set);
          return true;
        } catch (error) {
          assert.equal(error.code, "42501");
          return false;
        }
      };

      for (const [name, who] of Object.entries(PEOPLE)) {
        const inside = ["owner", "member", "reader"].includes(name);
        const writes = ["owner", "member"].includes(name);
        const heard = inside
          ? "hears what is said and sees who is there"
          : "hears and sees nothing";
        test(`${name} ${heard}`, async () => {
          const expected = inside ? ["broadcast", "presence"] : [];
          assert.deepEqual(await hears(who, `session:${session}`), expected);
        });
        test(`${name} ${inside ? "is" : "is not"} present`, async () => {
          assert.equal(await says(who, "presence", `session:${session}`), inside);
        });
        test(`${name} ${writes ? "tells" : "does not tell"} that somebody types`, async () => {
          assert.equal(await says(who, "broadcast", `session:${session}`), writes);
        });
      }

      test("another topic is none of its business", async () => {
        for (const topic of [session, `session:${session}x`, "session:", "other"]) {
          assert.deepEqual(await hears(PEOPLE.owner, topic), []);
          assert.equal(await says(PEOPLE.owner, "broadcast", topic), false);
        }
      });
    });

    describe("invitations", () => {
      test("of two who redeem one at once, the second waits and is refused", async () => {
        const { code } = await invite(await share());
        const holder = await processOf(one);
        const waiter = await processOf(two);
        let finish;
        const told = new Promise((end) => {
          finish = end;
        });
        let redeemed;
        const begun = new Promise((go) => {
          redeemed = go;
        });
        const first = as(one, user(), async (tx) => {
          const rows = await redeem(code)(tx);
          redeemed();
          await told;
          return rows;
        });
        await Promise.race([begun, first]);
        const second = as(two, user(), redeem(code));
        second.catch(() => {});
        await Promise.race([blocked(sql, waiter, holder), second]);
        finish();
        assert.equal((await first)[0].joined.role, "member");
        await assert.rejects(second, { code: "P0001", message: "invite_used" });
      });

      test("one whose session is deleted meanwhile is unknown", async () => {
        const session = await share();
        const { code } = await invite(session);
        const waiter = await processOf(two);
        const holder = await processOf(one);
        let late;
        await as(one, PEOPLE.owner, async (tx) => {
          await tx`delete from chat_sessions where id = ${session}`;
          late = as(two, user(), redeem(code));
          late.catch(() => {});
          await Promise.race([blocked(sql, waiter, holder), late]);
        });
        await assert.rejects(late, { code: "P0001", message: "invite_unknown" });
      });

      test("functions are for signed-in users", async () => {
        for (const who of [PEOPLE.anon, { role: "service_role" }]) {
          for (const call of ["chat_create_invite('x')", "chat_redeem_invite('x')"]) {
            const asked = undone(sql, who, (tx) => tx.unsafe(`select ${call}`));
            await assert.rejects(asked, { code: "42501" });
          }
        }
        const nobody = PEOPLE["a token without a user"];
        await assert.rejects(undone(sql, nobody, redeem("x")), { code: "42501" });
      });

      test("every function of the parts that runs as its owner has an empty search path", async () => {
        const open = await sql`select proname from pg_proc
          where prosecdef and pronamespace in ('public'::regnamespace, 'chat_private'::regnamespace)
            and not coalesce(proconfig @> array['search_path=""'], false)`;
        assert.deepEqual([...open], []);
      });
    });

    describe("applying and removing", () => {
      const state = async () => {
        const [{ state }] = await sql`select json_build_object(
          'policies', (select json_agg(p order by schemaname, tablename, policyname)
            from pg_policies p),
          'indexes', (select json_agg(i order by indexname) from pg_indexes i
            where schemaname in ('public', 'chat_private')),
          'columns', (select json_agg(json_build_array(table_schema, table_name, column_name,
              column_default, is_nullable, data_type) order by table_schema, table_name, column_name)
            from information_schema.columns where table_schema in ('public', 'chat_private')),
          'grants', (select json_agg(g order by table_name, grantee, privilege_type, column_name)
            from information_schema.column_privileges g where table_name like 'chat%'
              and grantee in ('anon', 'authenticated', 'service_role')),
          'functions', (select json_agg(pg_get_functiondef(oid) order by proname) from pg_proc
            where pronamespace in ('public'::regnamespace, 'chat_private'::regnamespace)
              and (proname like 'chat%' or pronamespace = 'chat_private'::regnamespace)),
          'triggers', (select json_agg(pg_get_triggerdef(oid) order by tgname, tgrelid)
            from pg_trigger where not tgisinternal),
          'published', (select json_agg(tablename order by tablename) from pg_publication_tables),
          'sessions', (select json_agg(s order by id) from chat_sessions s),
          'messages', (select json_agg(m order by id) from chat_messages m),
          'members', (select json_agg(m order by id) from chat_session_members m),
          'invites', (select json_agg(i order by id) from chat_session_invites i)) as state`;
        return state;
      };

      test("running it again changes nothing", async () => {
        await share();
        const before = await state();
        await apply("members");
        assert.deepEqual(await state(), before);
      });

      test("members who come, go and change are told live", async () => {
        const { published } = await state();
        assert.deepEqual(published, [
          "chat_messages",
          "chat_session_members",
          "chat_sessions",
          "crypto_prices",
          "user_presence",
        ]);
      });

      test("the sync part can come after it, or before it, with one result", async () => {
        const session = await share();
        await apply("sync");
        const roles = async (who) => {
          const ask = (tx) => tx`select last_rev::int from chat_sync_heads
            where session_id = ${session}`;
          return (await undone(sql, who, ask)).length;
        };
        for (const [name, who] of Object.entries(PEOPLE)) {
          const sees = ["owner", "member", "reader"].includes(name) ? 1 : 0;
          assert.equal(await roles(who), sees, name);
        }
        const after = await state();
        await remove("members");
        await remove("sync");
        assert.equal(await has("public.chat_session_members"), false);
        await apply("sync");
        await apply("members");
        const { sessions, members, ...before } = await state();
        const { sessions: were, members: they, ...expected } = after;
        assert.deepEqual(
          { ...before, messages: null, invites: null },
          {
            ...expected,
            messages: null,
            invites: null,
          },
        );
        assert.equal(sessions.length, were.length);
        assert.ok(they.length > members.length, "members that are not owners are gone");
      });

      test("a session gone with both parts is told to everybody who took part", async () => {
        const session = await share();
        await as(sql, PEOPLE.owner, (tx) => tx`delete from chat_sessions where id = ${session}`);
        for (const [name, who] of Object.entries(PEOPLE)) {
          const ask = (tx) => tx`select gone from chat_sync_heads where session_id = ${session}`;
          const told = ["owner", "member", "reader"].includes(name) ? [{ gone: true }] : [];
          assert.deepEqual([...(await undone(sql, who, ask))], told, name);
        }
      });

      test("sessions that are there get their owners as members", async () => {
        await remove("members");
        const [mine, nobodys] = [`s-${randomUUID()}`, `s-${randomUUID()}`];
        await sql`insert into chat_sessions (id, user_id, created_at) values
          (${mine}, ${PEOPLE.owner.sub}, '2026-01-01T00:00:00Z'), (${nobodys}, null, now())`;
        await apply("members");
        const rows = await sql`select user_id, role, joined_at from chat_session_members
          where session_id in (${mine}, ${nobodys})`;
        assert.deepEqual(
          [...rows],
          [
            {
              user_id: PEOPLE.owner.sub,
              role: "owner",
              joined_at: new Date("2026-01-01T00:00:00Z"),
            },
          ],
        );
        const [wrong] = await sql`select count(*)::int as owners from chat_sessions s
          where user_id is not null and not exists (select from chat_session_members m
            where m.session_id = s.id and m.user_id = s.user_id and m.role = 'owner')`;
        assert.equal(wrong.owners, 0);
      });

      test("removing both leaves the four tables and their own rules", async () => {
        for (let times = 0; times < 2; times += 1) {
          await remove("sync");
          await remove("members");
        }
        const [left] = await sql`select
          to_regnamespace('chat_private') is null as private_gone,
          (select count(*)::int from pg_policies where schemaname in ('public', 'realtime'))
            as policies,
          (select count(*)::int from pg_trigger where not tgisinternal) as triggers,
          (select count(*)::int from pg_proc where pronamespace = 'public'::regnamespace
            and proname like 'chat%') as functions,
          (select count(*)::int from pg_class where relnamespace = 'public'::regnamespace
            and relkind in ('r', 'v') and relname like 'chat%') as tables`;
        assert.deepEqual(
          { ...left },
          { private_gone: true, policies: 13, triggers: 0, functions: 0, tables: 2 },
        );
        await undone(sql, PEOPLE.owner, async (tx) => {
          const row = { id: "s-plain", user_id: PEOPLE.owner.sub };
          await tx`insert into chat_sessions ${tx(row)} returning *`;
          await become(tx, PEOPLE.member);
          assert.equal((await tx`select * from chat_sessions where id = 's-plain'`).length, 0);
        });
      });
    });
  });
}

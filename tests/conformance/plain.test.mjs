// A project that had the four tables before Tidings, with policies of its own: it works
// unchanged, and takes the project's migrations over what it has.

import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { after, before, describe, test } from "node:test";
import postgres from "postgres";
import { MIGRATIONS, startLite } from "./lite/lite.mjs";
import { lacking } from "./lite/postgres.mjs";
import { registerRestMatrix } from "./suite/index.mjs";
import { disconnectAll, messageOf, openSession, signUp, succeed } from "./suite/support.mjs";

const PLAIN = resolve(MIGRATIONS, "../tests/plain");
const reason = lacking();

if (reason !== undefined) {
  console.log(`SKIPPED: a project with just the four tables: ${reason}`);
  test("a project with just the four tables", { skip: reason }, () => {});
} else {
  describe("a project with just the four tables", () => {
    let lite;
    const getTarget = () => {
      const { secret_key: service_role_key, ...info } = lite.info;
      return { name: "four tables", ...info, service_role_key };
    };

    before(async () => {
      lite = await startLite({ migrations: PLAIN });
    });
    after(() => lite?.stop());

    registerRestMatrix(getTarget);

    describe("with the migrations run over it", () => {
      let sql;
      let alice;
      let chat;

      before(async () => {
        alice = await signUp(getTarget(), "Alice");
        chat = await openSession(alice);
        const row = messageOf(alice, chat, "from before");
        succeed(await alice.client.from("chat_messages").insert(row));
        sql = postgres(lite.info.db_url, { max: 1, onnotice: () => {} });
        for (const name of (await readdir(MIGRATIONS)).sort()) {
          await sql.unsafe(await readFile(join(MIGRATIONS, name), "utf8"));
        }
      });
      after(async () => {
        await sql?.end();
        await disconnectAll();
      });

      test("what was written stays, and is seen by whoever saw it", async () => {
        const bob = await signUp(getTarget(), "Bob");
        const read = ({ client }) => client.from("chat_messages").select("content");
        assert.deepEqual(succeed(await read(alice)), [{ content: "from before" }]);
        assert.deepEqual(succeed(await read(bob)), []);
        const row = messageOf(alice, chat, "from after");
        succeed(await alice.client.from("chat_messages").insert(row));
        assert.equal(succeed(await read(alice)).length, 2);
      });

      test("pages, live changes and old rows of messages are added", async () => {
        const [added] = await sql`select
          to_regclass('idx_chat_messages_session_id_created_at_id') is not null as pages,
          (select count(*)::int from pg_publication_tables where pubname = 'supabase_realtime')
            as published,
          (select relreplident from pg_class where oid = 'chat_messages'::regclass) as identity`;
        assert.deepEqual({ ...added }, { pages: true, published: 5, identity: "f" });
      });

      registerRestMatrix(getTarget);
    });
  });
}

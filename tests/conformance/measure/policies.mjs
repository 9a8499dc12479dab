// What row level security costs for each subscriber of a change: `node measure/policies.mjs`.
//
// Realtime asks for every change and every subscriber whether that user may read the row, as
// that user, by the row's key. This does the same on a PostgreSQL of its own, and prints what
// one such check takes of a processor: for one who may read the row and for one who may not, who
// takes part in so many sessions. Then what "all my messages, newest first" takes among the
// messages of many. The figures stand in docs/scale.md.

import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import postgres from "postgres";
import { startLite } from "../lite/lite.mjs";
import { as, processOf } from "../lite/people.mjs";
import { lacking } from "../lite/postgres.mjs";

const CHECKS = 20_000;
const SESSIONS = [1, 100, 1_000];
/** Messages of everybody, in sessions of fifty. */
const MESSAGES = 300_000;
const A_SESSION = 50;
const LISTS = 50;
/** What /proc counts processor time in. */
const TICK_MS = 10;

const reason = lacking();
if (reason !== undefined) {
  console.error(reason);
  process.exit(1);
}

/** Milliseconds of a processor that a connection's process has taken so far. */
async function spent(pid) {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

/** Microseconds of one of so many, on the connection's processor. */
async function each(sql, times, work) {
  const pid = await processOf(sql);
  const before = await spent(pid);
  await work();
  return ((await spent(pid)) - before) * (1000 / times);
}

/** A user with so many sessions of their own, and a message in one of them. */
async function person(sql, sessions) {
  const user = randomUUID();
  const prefix = `s-${user}-`;
  await sql`insert into chat_sessions (id, user_id)
    select ${prefix} || n, ${user} from generate_series(1, ${sessions}) as n`;
  const [{ id }] = await sql`insert into chat_messages (session_id, user_id, content, role)
    values (${`${prefix}1`}, ${user}, 'hello', 'user') returning id`;
  return { user, id };
}

async function measure(parts) {
  const lite = await startLite({ parts });
  const sql = postgres(lite.info.db_url, { max: 1, onnotice: () => {} });
  const name = parts.join(" + ") || "four tables";
  try {
    // The role and the claims are set for each subscriber, then the key is looked for.
    await sql.unsafe(`
      create function measure_check(message uuid, person text, times int) returns void
      language plpgsql as $$
      declare
        claims text := json_build_object('role', 'authenticated', 'sub', person);
      begin
        prepare seen(uuid) as select exists (select from public.chat_messages where id = $1);
        for n in 1..times loop
          perform set_config('role', 'authenticated', true),
            set_config('request.jwt.claims', claims, true);
          execute format('execute seen(%L)', message);
        end loop;
        perform set_config('role', 'none', true);
        deallocate seen;
      end $$`);
    const check = (id, user) =>
      each(sql, CHECKS, () => sql`select measure_check(${id}, ${user}, ${CHECKS})`);
    const owner = await person(sql, 1);
    for (const sessions of SESSIONS) {
      const { user, id } = await person(sql, sessions);
      await sql`analyze`;
      const [may, mayNot] = [await check(id, user), await check(owner.id, user)];
      console.log(`${name} | ${sessions} | ${may.toFixed(0)} | ${mayNot.toFixed(0)}`);
    }
    // The parts' own triggers count row by row; here only the rows matter.
    await sql`set session_replication_role = replica`;
    await sql`insert into chat_sessions (id, user_id)
      select 'm' || n, 'u' || n / 3 from generate_series(0, ${MESSAGES / A_SESSION - 1}) as n`;
    await sql`insert into chat_messages (session_id, user_id, content, role, created_at)
      select 'm' || n % ${MESSAGES / A_SESSION}, 'u', 'hello', 'user', now() - n * interval '1 second'
      from generate_series(1, ${MESSAGES}) as n`;
    await sql`set session_replication_role = origin`;
    await sql`vacuum analyze`;
    const user = { role: "authenticated", sub: "u100" };
    const list = await each(sql, LISTS, async () => {
      for (let n = 0; n < LISTS; n += 1) {
        await as(sql, user, (tx) => tx`select * from chat_messages where created_at is not null
          order by created_at desc, id desc limit 500`);
      }
    });
    console.log(`${name}: all my messages among ${MESSAGES}: ${(list / 1000).toFixed(1)} ms`);
  } finally {
    await sql.end();
    await lite.stop();
  }
}

console.log("parts | sessions of the subscriber | may read: µs | may not: µs");
for (const parts of [[], ["sync"], ["members"], ["sync", "members"]]) await measure(parts);

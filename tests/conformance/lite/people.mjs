// Asking PostgreSQL itself as some user, as PostgREST and Realtime do it.

class Undone extends Error {}

/** Makes a transaction that of a user: `{ role, ...claims }`. */
export async function become(tx, { role, ...claims }) {
  const token = JSON.stringify({ role, ...claims });
  await tx`select set_config('role', ${role}, true),
    set_config('request.jwt.claims', ${token}, true)`;
}

/** Runs statements as a user, and keeps what they did. */
export function as(sql, user, work) {
  return sql.begin(async (tx) => {
    await become(tx, user);
    return work(tx);
  });
}

/** Runs statements as a user, and takes them back; `prepare` runs before, bound by nothing. */
export async function undone(sql, user, work, prepare = async () => {}) {
  let result;
  const transaction = sql.begin(async (tx) => {
    await prepare(tx);
    await become(tx, user);
    result = await work(tx);
    throw new Undone();
  });
  await transaction.catch((error) => {
    if (!(error instanceof Undone)) throw error;
  });
  return result;
}

/** The id of a connection's process. */
export async function processOf(sql) {
  const [{ pid }] = await sql`select pg_backend_pid() as pid`;
  return pid;
}

/** Waits until one connection waits for a lock that another holds. */
export async function blocked(watcher, pid, by) {
  const deadline = performance.now() + 15_000;
  for (;;) {
    const [{ pids }] = await watcher`select pg_blocking_pids(${pid}) as pids`;
    if (pids.includes(by)) return;
    if (performance.now() > deadline) throw new Error(`${pid} does not wait for ${by}`);
  }
}

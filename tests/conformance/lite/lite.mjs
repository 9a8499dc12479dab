// The independent implementation of Auth and PostgREST, over a real PostgreSQL.

import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import client from "postgres";
import { startGuarded } from "./guarded.mjs";
import { freePort, startPostgres } from "./postgres.mjs";

const run = promisify(execFile);
const HERE = fileURLToPath(new URL(".", import.meta.url));
const PROGRAM = resolve(HERE, "../node_modules/@supabase/lite/dist/cli/index.js");

/** The project's own migrations. */
export const MIGRATIONS = resolve(HERE, "../../../supabase/migrations");

/** The optional parts of the project, in the order in which they are applied. */
export const PARTS = ["sync", "members"];

/**
 * The paths of a folder's migrations, in their order, without the parts that are not wanted.
 *
 * @param {{ folder?: string, parts?: string[] }} [options]
 */
export async function migrationFiles({ folder = MIGRATIONS, parts = PARTS } = {}) {
  const unwanted = PARTS.filter((part) => !parts.includes(part));
  const names = (await readdir(folder)).sort();
  return names
    .filter((name) => !unwanted.some((part) => name.endsWith(`_${part}.sql`)))
    .map((name) => join(folder, name));
}

const random = (prefix) => `${prefix}${randomBytes(24).toString("base64url")}`;

function config({ port, db_url, publishable_key, secret_key, jwt_secret, jwt_expiry }) {
  const text = JSON.stringify;
  return `project_id = "tidings"

[api]
port = ${port}
schemas = ["public"]

[db]
driver = "postgres"
url = ${text(db_url)}

[auth]
enabled = true
site_url = "http://127.0.0.1:${port}"
jwt_secret = ${text(jwt_secret)}
jwt_expiry = ${jwt_expiry}
enable_signup = true
publishable_key = ${text(publishable_key)}
secret_key = ${text(secret_key)}

[auth.email]
enable_signup = true
enable_confirmations = false
`;
}

/** Runs migrations once more, which changes nothing but what was changed behind their back. */
export async function runMigrations(db_url, files) {
  const sql = client(db_url, { max: 1, onnotice: () => {} });
  try {
    for (const file of files) await sql.unsafe(await readFile(file, "utf8"));
  } finally {
    await sql.end();
  }
}

/** The first request gives the roles their rights, and several first ones at once would collide. */
async function firstRequest({ url, publishable_key }) {
  const address = `${url}/rest/v1/chat_sessions?select=id&limit=1`;
  const answer = await fetch(address, { headers: { apikey: publishable_key } });
  if (!answer.ok) throw new Error(`lite answers ${answer.status}: ${await answer.text()}`);
}

/**
 * Starts PostgreSQL, applies migrations in the form of the Supabase CLI, and starts the server.
 *
 * @param {{ migrations?: string, parts?: string[], jwt_expiry?: number }} [options] a folder of
 *   migrations, and which of its optional parts are applied
 * @returns {Promise<{ info: object, stop: () => Promise<void>, ended: Promise<void> }>} `info` is
 *   url, publishable_key, secret_key, jwt_secret and db_url
 */
export async function startLite({ migrations = MIGRATIONS, parts, jwt_expiry = 3600 } = {}) {
  const postgres = await startPostgres();
  const folder = await mkdtemp(join(tmpdir(), "tidings-lite-"));
  try {
    const port = await freePort();
    const info = {
      url: `http://127.0.0.1:${port}`,
      publishable_key: random("sb_publishable_"),
      secret_key: random("sb_secret_"),
      jwt_secret: random(""),
      db_url: postgres.url,
    };
    const project = join(folder, "supabase");
    const applied = join(project, "migrations");
    await mkdir(applied, { recursive: true });
    const files = await migrationFiles({ folder: migrations, parts });
    for (const file of files) await copyFile(file, join(applied, basename(file)));
    await writeFile(join(project, "config.toml"), config({ ...info, port, jwt_expiry }));
    const env = {
      PATH: process.env.PATH,
      HOME: folder,
      NO_COLOR: "1",
      LITE_TELEMETRY: "0",
      DO_NOT_TRACK: "1",
    };
    const lite = [process.execPath, PROGRAM];
    await run(lite[0], [lite[1], "migration", "up"], { cwd: folder, env });
    const server = startGuarded([...lite, "start", "--no-admin"], { folder, env });
    const stop = async () => {
      await server.stop();
      await postgres.stop();
    };
    try {
      await server.says(/Server running on/, "lite");
      await firstRequest(info);
      // The roles were given every right, also those that a part keeps to itself.
      const optional = files.filter((file) => PARTS.some((part) => file.endsWith(`_${part}.sql`)));
      await runMigrations(info.db_url, optional);
    } catch (error) {
      await server.stop();
      throw error;
    }
    return { info, stop, ended: Promise.race([server.ended, postgres.ended]) };
  } catch (error) {
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

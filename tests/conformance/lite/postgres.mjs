// A PostgreSQL of the test's own: fresh, private, gone afterwards.

import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { accessSync, constants, readdirSync, readFileSync } from "node:fs";
import { chown, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { startGuarded } from "./guarded.mjs";

const run = promisify(execFile);

/** The folder of PostgreSQL's server programs, or undefined where it is not installed. */
export function postgresPrograms() {
  const versions = (folder) => {
    try {
      const names = readdirSync(folder).sort((a, b) => Number.parseFloat(b) - Number.parseFloat(a));
      return names.map((name) => join(folder, name, "bin"));
    } catch {
      return [];
    }
  };
  const folders = [
    ...versions("/usr/lib/postgresql"),
    ...(process.env.PATH ?? "").split(delimiter),
  ];
  return folders.find((folder) =>
    ["initdb", "postgres"].every((name) => {
      try {
        accessSync(join(folder, name), constants.X_OK);
        return true;
      } catch {
        return false;
      }
    }),
  );
}

/** Why there can be no PostgreSQL here, or undefined. */
export function lacking() {
  if (process.platform === "win32") return "PostgreSQL is started on Unix alone";
  return postgresPrograms() ? undefined : "PostgreSQL's server programs are not installed";
}

/** PostgreSQL refuses to run as root: somebody without rights takes its place. */
function serverUser() {
  if (process.getuid() !== 0) return {};
  const users = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .map((line) => line.split(":"));
  const [, , uid, gid] = ["postgres", "nobody"]
    .map((wanted) => users.find(([name]) => name === wanted))
    .find((user) => user !== undefined);
  return { uid: Number(uid), gid: Number(gid) };
}

/** A port that nobody listens at now. */
export function freePort() {
  return new Promise((found, failed) => {
    const server = createServer().once("error", failed);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => found(port));
    });
  });
}

/**
 * Starts PostgreSQL with logical decoding, behind a password, on loopback.
 *
 * @returns {Promise<{ url: string, stop: () => Promise<void>, ended: Promise<void> }>}
 */
export async function startPostgres() {
  const programs = postgresPrograms();
  const user = serverUser();
  const folder = await mkdtemp(join(tmpdir(), "tidings-postgres-"));
  try {
    const [data, password] = [join(folder, "data"), randomBytes(16).toString("hex")];
    const passwordFile = join(folder, "password");
    await writeFile(passwordFile, password, { mode: 0o600 });
    if (user.uid !== undefined) {
      await chown(passwordFile, user.uid, user.gid);
      await chown(folder, user.uid, user.gid);
    }
    const env = { PATH: process.env.PATH, LC_ALL: "C" };
    const cluster = ["-D", data, "-U", "postgres", "-E", "UTF8", "--locale=C", "--no-sync"];
    const access = ["-A", "scram-sha-256", "--pwfile", passwordFile];
    await run(join(programs, "initdb"), [...cluster, ...access], { ...user, env, cwd: folder });
    const port = await freePort();
    const settings = {
      listen_addresses: "127.0.0.1",
      port,
      unix_socket_directories: folder,
      wal_level: "logical",
      // Nothing here has to survive a power cut.
      fsync: "off",
    };
    const options = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
    // SIGINT: its connections are ended, and it ends in order.
    const server = startGuarded([join(programs, "postgres"), "-D", data, ...options], {
      folder,
      signal: "INT",
      env,
      user,
    });
    await server.says(/ready to accept connections/, "PostgreSQL").catch(async (error) => {
      await server.stop();
      throw error;
    });
    const url = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`;
    return { url, stop: server.stop, ended: server.ended };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

// Starts the local workspace's server as the program of its own that it is.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const PROGRAM = process.platform === "win32" ? "tidings-local.exe" : "tidings-local";
const START_DEADLINE = 20_000;

/** The optional parts that its projects can have. */
export const PARTS = ["sync", "members"];

function program() {
  const root = resolve(fileURLToPath(import.meta.url), "../../..");
  const folders = [
    process.env.TIDINGS_BIN_DIR,
    join(process.env.CARGO_TARGET_DIR ?? join(root, "target"), "debug"),
    join(homedir(), ".cache/tidings/target/debug"),
  ];
  const found = folders
    .filter((folder) => folder !== undefined)
    .map((folder) => join(folder, PROGRAM))
    .find((path) => existsSync(path));
  if (!found) throw new Error(`${PROGRAM} is not built: cargo build -p tidings-local`);
  return found;
}

/**
 * Starts a server over a directory of its own; without `--parts` it has the four tables alone.
 *
 * @returns {Promise<{ target: import("./suite/support.mjs").Target, stop: () => Promise<void> }>}
 */
export async function startLocal(options = []) {
  const directory = await mkdtemp(join(tmpdir(), "tidings-local-"));
  const child = spawn(program(), ["--data-dir", directory, "--listen", "127.0.0.1:0", ...options], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise((done) => child.once("exit", done));
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill();
    await ended;
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const line = await new Promise((found, failed) => {
      createInterface({ input: child.stdout }).once("line", found);
      child.once("error", failed);
      child.once("exit", (code) => failed(new Error(`the server ended at once: ${code}`)));
      AbortSignal.timeout(START_DEADLINE).addEventListener("abort", () =>
        failed(new Error(`the server did not say where it is within ${START_DEADLINE} ms`)),
      );
    });
    return { target: { name: "tidings-local", ...JSON.parse(line) }, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

// Starts the programs of this repository for tests in JavaScript, each as the process that it is.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** The checkout's folder. */
export const ROOT = resolve(fileURLToPath(import.meta.url), "../..");

const START_DEADLINE = 20_000;

function find(name) {
  const file = process.platform === "win32" ? `${name}.exe` : name;
  const folders = [
    process.env.TIDINGS_BIN_DIR,
    join(process.env.CARGO_TARGET_DIR ?? join(ROOT, "target"), "debug"),
    join(homedir(), ".cache/tidings/target/debug"),
  ];
  const found = folders
    .filter((folder) => folder !== undefined)
    .map((folder) => join(folder, file))
    .find((path) => existsSync(path));
  if (!found) throw new Error(`${name} is not built: cargo build -p ${name}`);
  return found;
}

/**
 * Starts a program that says in one JSON line where it is. `stop` asks it to end, `kill` does not
 * ask; both return once it is gone.
 *
 * @returns {Promise<{ ready: any, stop: () => Promise<void>, kill: () => Promise<void> }>}
 */
export async function startProgram(name, options) {
  const child = spawn(find(name), options, { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise((done) => {
    child.once("exit", done);
    child.once("error", done);
  });
  const end = async (signal) => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    await ended;
  };
  const [stop, kill] = [() => end("SIGTERM"), () => end("SIGKILL")];
  try {
    const line = await new Promise((found, failed) => {
      createInterface({ input: child.stdout }).once("line", found);
      child.once("error", failed);
      child.once("exit", (code) => failed(new Error(`${name} ended at once: ${code}`)));
      AbortSignal.timeout(START_DEADLINE).addEventListener("abort", () =>
        failed(new Error(`${name} did not say where it is within ${START_DEADLINE} ms`)),
      );
    });
    return { ready: JSON.parse(line), stop, kill };
  } catch (error) {
    await stop();
    throw error;
  }
}

// Starts the local workspace's server as the program of its own that it is.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startProgram } from "../programs.mjs";

/** The optional parts that its projects can have. */
export const PARTS = ["sync", "members"];

/**
 * Starts a server over a directory of its own; without `--parts` it has the four tables alone.
 *
 * @returns {Promise<{ target: import("./suite/support.mjs").Target, stop: () => Promise<void> }>}
 */
export async function startLocal(options = []) {
  const directory = await mkdtemp(join(tmpdir(), "tidings-local-"));
  const clear = () => rm(directory, { recursive: true, force: true });
  try {
    const where = ["--data-dir", directory, "--listen", "127.0.0.1:0"];
    const server = await startProgram("tidings-local", [...where, ...options]);
    const stop = async () => {
      await server.stop();
      await clear();
    };
    return { target: { name: "tidings-local", ...server.ready }, stop };
  } catch (error) {
    await clear();
    throw error;
  }
}

// Programs that end with the one that started them, however that one ends.

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

const DEADLINE = 30_000;

// A shell that waits on a pipe from here: when the pipe closes, on purpose or because this
// process is gone, it ends the program by its id and removes the program's folder.
const GUARD = `
signal=$1; folder=$2; shift 2
exec 3<&0
"$@" 3<&- </dev/null &
program=$!
{ while read -r _ <&3; do :; done; kill -s "$signal" "$program"; } >/dev/null 2>&1 &
watcher=$!
wait "$program"
code=$?
kill "$watcher" 2>/dev/null
rm -rf -- "$folder"
exit "$code"
`;

/**
 * @typedef {object} Guarded
 * @property {(wanted: RegExp, what: string) => Promise<RegExpExecArray>} says waits for a line
 * @property {() => Promise<void>} stop ends it, and waits until its folder is gone
 * @property {Promise<void>} ended comes when it has ended
 */

/**
 * Starts a program in a folder of its own, which goes when the program ends.
 *
 * @param {string[]} command the program and its arguments
 * @param {{ folder: string, signal?: string, env?: object, user?: object }} options
 * @returns {Guarded}
 */
export function startGuarded(command, { folder, signal = "TERM", env = process.env, user = {} }) {
  // In a group of its own, so that whoever kills this process's group leaves the guard to its work.
  const child = spawn("/bin/sh", ["-c", GUARD, "guard", signal, folder, ...command], {
    ...user,
    cwd: folder,
    detached: true,
    env,
    stdio: ["pipe", "pipe", "pipe"],
  });
  const lines = [];
  const listeners = new Set();
  const tell = () => {
    for (const listener of listeners) listener();
  };
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => {
      lines.push(line);
      if (lines.length > 1000) lines.shift();
      tell();
    });
  }
  let over = false;
  const ended = new Promise((done) => {
    const end = () => {
      over = true;
      tell();
      done();
    };
    child.once("error", end);
    child.once("close", end);
  });
  // The guard may be gone before the pipe to it is closed.
  child.stdin.on("error", () => {});

  const says = (wanted, what) =>
    new Promise((resolve, reject) => {
      const fail = (why) => reject(new Error(`${what} ${why}:\n${lines.join("\n")}`));
      const check = () => {
        const found = lines.map((line) => wanted.exec(line)).find((match) => match !== null);
        if (found === undefined && !over) return;
        listeners.delete(check);
        if (found === undefined) fail("ended at once");
        else resolve(found);
      };
      AbortSignal.timeout(DEADLINE).addEventListener("abort", () => {
        if (listeners.delete(check)) fail(`was not ready within ${DEADLINE} ms`);
      });
      listeners.add(check);
      check();
    });

  const stop = async () => {
    child.stdin.end();
    await ended;
  };
  return { says, stop, ended };
}

// Starts the independent server as a program of its own, for tests in other languages: prints one
// JSON line {url, publishable_key, secret_key, jwt_secret, db_url}, or {lacking} and the reason
// when this machine has no PostgreSQL; stays until SIGTERM, or until the pipe at its input closes.
// The project has the four tables alone, and the optional parts that are asked for:
// `node main.mjs --parts sync,members`.

import { fstatSync } from "node:fs";
import { parseArgs } from "node:util";
import { startLite } from "./lite.mjs";
import { lacking } from "./postgres.mjs";

const print = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

const reason = lacking();
if (reason !== undefined) {
  print({ lacking: reason });
} else {
  const told = new Promise((end) => {
    process.once("SIGTERM", end);
    process.once("SIGINT", end);
    const input = fstatSync(0);
    if (input.isFIFO() || input.isSocket()) process.stdin.once("end", end).resume();
  });
  const { values } = parseArgs({ options: { parts: { type: "string", default: "" } } });
  const lite = await startLite({ parts: values.parts.split(",") });
  print(lite.info);
  const crashed = await Promise.race([told.then(() => false), lite.ended.then(() => true)]);
  await lite.stop();
  process.stdin.destroy();
  if (crashed) throw new Error("the server ended by itself");
}

// The engine and the project that a page talks to.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT, startProgram } from "../../programs.mjs";

/** What a test started, ended in the opposite order. */
export class Ends {
  #ends = [];

  push(end) {
    this.#ends.push(end);
  }

  async directory(name) {
    const path = await mkdtemp(join(tmpdir(), `tidings-${name}-`));
    this.push(() => rm(path, { recursive: true, force: true }));
    return path;
  }

  async all() {
    const failures = [];
    for (const end of this.#ends.splice(0).reverse()) {
      await end().catch((error) => failures.push(error));
    }
    if (failures.length > 0) throw new AggregateError(failures, "not everything ended");
  }
}

/** The engine with the built UI, on a directory of its own. `url` carries the page's token. */
export async function startEngine(ends, options = []) {
  const data = await ends.directory("serve");
  const serve = await startProgram("tidings-serve", [
    "--data-dir",
    data,
    "--ui",
    join(ROOT, "ui/dist"),
    "--secrets",
    "memory",
    ...options,
  ]);
  ends.push(serve.stop);
  return { url: serve.ready.url, local: serve.ready.local };
}

/** A project with all its parts, where people have accounts. Its server can die and come back. */
export class Project {
  #server;
  #options;

  static async start(ends, options = ["--parts", "sync,members"]) {
    const project = new Project();
    project.#options = ["--data-dir", await ends.directory("project"), ...options];
    await project.#begin("127.0.0.1:0");
    ends.push(() => project.#server.stop());
    return project;
  }

  async #begin(listen) {
    this.#server = await startProgram("tidings-local", [...this.#options, "--listen", listen]);
  }

  get url() {
    return this.#server.ready.url;
  }

  get key() {
    return this.#server.ready.publishable_key;
  }

  /** What an engine is started with to have this project in front. */
  get options() {
    return ["--url", this.url, "--key", this.key];
  }

  /** Ends the server at once, as a crash would. */
  die() {
    return this.#server.kill();
  }

  /** Starts it again where it was. */
  revive() {
    return this.#begin(new URL(this.url).host);
  }

  /** Makes an account; answers the user's id. */
  async account({ email, password, name }) {
    const body = { email, password, data: { display_name: name } };
    const reply = await this.#ask("/auth/v1/signup", this.key, "POST", body);
    return (reply.user ?? reply).id;
  }

  /** Writes rows as the project itself, past every policy. */
  insert(table, rows) {
    return this.#ask(`/rest/v1/${table}`, this.#server.ready.service_role_key, "POST", rows);
  }

  /** Writes rows as the project itself, in place of those with the same value in a column. */
  upsert(table, rows, column) {
    const path = `/rest/v1/${table}?on_conflict=${column}`;
    const prefer = "resolution=merge-duplicates,return=minimal";
    return this.#ask(path, this.#server.ready.service_role_key, "POST", rows, prefer);
  }

  /** Changes rows as the project itself. */
  update(table, query, row) {
    const path = `/rest/v1/${table}?${query}`;
    return this.#ask(path, this.#server.ready.service_role_key, "PATCH", row);
  }

  /** Makes a bucket of Storage, as the project itself. */
  makeBucket(name) {
    return this.#ask("/storage/v1/bucket", this.#server.ready.service_role_key, "POST", { name });
  }

  /** Stores an object as the project itself. */
  async store(bucket, name, content, type) {
    const key = this.#server.ready.service_role_key;
    const path = name.split("/").map(encodeURIComponent).join("/");
    const reply = await fetch(new URL(`/storage/v1/object/${bucket}/${path}`, this.url), {
      method: "POST",
      headers: { apikey: key, authorization: `Bearer ${key}`, "content-type": type },
      body: content,
    });
    if (!reply.ok) throw new Error(`${name}: ${reply.status} ${await reply.text()}`);
  }

  select(table, query) {
    return this.#ask(`/rest/v1/${table}?${query}`, this.#server.ready.service_role_key, "GET");
  }

  async #ask(path, key, method, body, prefer = "return=representation") {
    const reply = await fetch(new URL(path, this.url), {
      method,
      headers: {
        apikey: key,
        authorization: `Bearer ${key}`,
        "content-type": "application/json",
        prefer,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await reply.text();
    if (!reply.ok) throw new Error(`${method} ${path}: ${reply.status} ${text}`);
    return text === "" ? undefined : JSON.parse(text);
  }
}

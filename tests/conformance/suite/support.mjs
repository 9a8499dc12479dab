// What every part of the suite shares: clients, named actors, and waiting with a deadline.

import { randomBytes, randomUUID } from "node:crypto";
import { createClient } from "@supabase/supabase-js";
import WebSocket from "ws";

/** How long a condition may take to come true, in milliseconds. */
export const DEADLINE = 15_000;

/**
 * A server under test.
 *
 * @typedef {object} Target
 * @property {string} name what the reports call it
 * @property {string} url address without a path
 * @property {string} publishable_key the client's key
 * @property {string} service_role_key the key that no policy binds
 * @property {string} [jwt_secret] the HS256 secret of all tokens
 * @property {Record<string, string>} [lacks] what it is known not to do, and why; the keys are
 *   named where a test asks for them with `without`
 */

/** Collects what arrives, and hands it to whoever waits for it. */
export class Inbox {
  #items = [];
  #waiting = new Set();

  push(item) {
    this.#items.push(item);
    for (const check of this.#waiting) check();
  }

  /** Everything that has arrived and was not taken. */
  get items() {
    return [...this.#items];
  }

  /** Takes the first item for which `wanted` holds, now or within the deadline. */
  take(wanted = () => true, what = "an event") {
    return new Promise((resolve, reject) => {
      const deadline = AbortSignal.timeout(DEADLINE);
      const check = () => {
        const at = this.#items.findIndex(wanted);
        if (at < 0) return;
        this.#waiting.delete(check);
        resolve(this.#items.splice(at, 1)[0]);
      };
      deadline.addEventListener("abort", () => {
        if (!this.#waiting.delete(check)) return;
        const arrived = JSON.stringify(this.#items);
        reject(new Error(`${what} did not come within ${DEADLINE} ms; what came: ${arrived}`));
      });
      this.#waiting.add(check);
      check();
    });
  }
}

/** Repeats `attempt` until it gives something that is not undefined. */
export async function eventually(attempt, what) {
  const deadline = performance.now() + DEADLINE;
  for (;;) {
    const result = await attempt();
    if (result !== undefined) return result;
    if (performance.now() > deadline) {
      throw new Error(`${what} did not come true within ${DEADLINE} ms`);
    }
  }
}

/** Skips a test, loudly, where the target is known to differ. True when it is skipped. */
export function without(t, target, feature) {
  const why = target.lacks?.[feature];
  if (why === undefined) return false;
  t.skip(`${target.name}: ${why}`);
  return true;
}

const open = new Set();

/** An unchanged official client. */
export function connect(
  target,
  { key = target.publishable_key, vsn = "2.0.0", headers, auth = { persistSession: false } } = {},
) {
  const client = createClient(target.url, key, {
    auth: { autoRefreshToken: false, detectSessionInUrl: false, ...auth },
    realtime: { transport: WebSocket, vsn, timeout: DEADLINE },
    ...(headers ? { global: { headers } } : {}),
  });
  open.add(client);
  return client;
}

/** Closes every client that `connect` made. */
export async function disconnectAll() {
  for (const client of open) {
    // A disconnect leaves a timer of ten seconds behind, even where nothing was connected.
    if (client.getChannels().length > 0 || client.realtime.isConnected()) {
      await client.removeAllChannels();
      await client.realtime.disconnect();
    }
  }
  open.clear();
}

/** A client of the service role. */
export function service(target, options = {}) {
  return connect(target, { ...options, key: target.service_role_key });
}

/** Signs a new user up: Alice, Bob or Mallory. */
export async function signUp(target, name, options = {}) {
  const client = connect(target, options);
  const email = `${name.toLowerCase()}-${randomUUID()}@example.com`;
  const password = randomBytes(12).toString("hex");
  const { data, error } = await client.auth.signUp({ email, password });
  if (error) throw error;
  return { name, client, email, password, id: data.user.id, session: data.session };
}

/** Another client of the same user, with an Auth session of its own. */
export async function signInAgain(target, person, options = {}) {
  const client = connect(target, options);
  const { email, password } = person;
  const { data, error } = await client.auth.signInWithPassword({ email, password });
  if (error) throw error;
  return { ...person, client, session: data.session };
}

/** Opens a chat session that belongs to `person`. */
export async function openSession(person, title = "a session") {
  const id = `s-${randomUUID()}`;
  const row = { id, user_id: person.id, title };
  succeed(await person.client.from("chat_sessions").insert(row));
  return id;
}

/** A message as a client writes it. */
export function messageOf(person, session, content, more = {}) {
  return { session_id: session, user_id: person.id, content, role: "user", ...more };
}

/** The data of an answer that must be no error. */
export function succeed({ data, error, status }) {
  if (error) {
    const text = JSON.stringify({ status, ...error, message: error.message });
    throw new Error(`the server refused: ${text}`);
  }
  return data;
}

/** Joins a channel, and waits until row changes flow if it has any. */
export async function subscribe(channel, { changes = false } = {}) {
  const statuses = new Inbox();
  const systems = new Inbox();
  channel.on("system", {}, (payload) => systems.push(payload));
  channel.subscribe((status, error) => statuses.push({ status, error }));
  const { status, error } = await statuses.take(() => true, "the answer to the join");
  if (status !== "SUBSCRIBED") throw new Error(`${status}: ${error?.message}`);
  if (changes) await subscribed(systems);
  return { statuses, systems };
}

/** Waits for the word that row changes flow. */
export async function subscribed(systems) {
  const system = await systems.take(
    (it) => it.extension === "postgres_changes",
    '"Subscribed to PostgreSQL"',
  );
  if (system.status !== "ok") throw new Error(system.message);
}

/** Sends a request without the client, to see the very text of the answer. */
export async function raw(target, path, { token, ...init } = {}) {
  const headers = { apikey: target.publishable_key, ...init.headers };
  if (token) headers.authorization = `Bearer ${token}`;
  const response = await fetch(`${target.url}${path}`, { ...init, headers });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

// A session that several people share, and everybody who is or is not in it.

import { randomUUID } from "node:crypto";
import { connect, service, signUp, succeed } from "./support.mjs";

/** Everybody, by what they are to Alice's session. */
export const USERS = ["owner", "member", "reader", "removed", "stranger", "anon", "service_role"];

/** Alice's session with everybody in it who belongs there; Dave was in it and is no more. */
export async function share({ root, owner, member, reader, removed }) {
  const chat = `s-${randomUUID()}`;
  const session = { id: chat, user_id: owner.id, title: "before" };
  succeed(await root.client.from("chat_sessions").insert(session));
  const row = (person, role) => ({ session_id: chat, user_id: person.id, role });
  const rows = [row(member, "member"), row(reader, "reader"), row(removed, "member")];
  succeed(await root.client.from("chat_session_members").insert(rows));
  const out = { session_id: chat, user_id: removed.id };
  succeed(await root.client.from("chat_session_members").delete().match(out));
  return chat;
}

/** Signs everybody up. */
export async function gather(target) {
  const names = { owner: "Alice", member: "Bob", reader: "Carol", removed: "Dave" };
  const people = { root: { name: "service_role", client: service(target) } };
  for (const [role, name] of Object.entries({ ...names, stranger: "Mallory" })) {
    people[role] = await signUp(target, name);
  }
  people.anon = { name: "anon", client: connect(target) };
  people.service_role = people.root;
  return people;
}

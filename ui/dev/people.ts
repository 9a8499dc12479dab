/** Who takes part, made up. */

import type { Invite, InviteRow, Participant, Person, SessionRow } from "../src/lib/bindings";
import { at, minute, NOW, sessions } from "./data";

export const readOnly: SessionRow[] = sessions.map((row) =>
  row.id === "release" ? { ...row, role: "reader" } : row,
);

const takesPart = (user_id: string, name: string, more: Partial<Participant>): Participant => ({
  user_id,
  name,
  role: "member",
  own: false,
  joined_at: at(9, 0, 12),
  status: "offline",
  devices: 0,
  ...more,
});

export const participants: Participant[] = [
  takesPart("noor", "Noor Haddad", { role: "owner", own: true, status: "online", devices: 1 }),
  takesPart("tomas", "Tomás Vidal", { status: "online", devices: 2 }),
  takesPart("ines", "Ines Brandt", { status: "away", devices: 1 }),
  takesPart("maya", "Maya Okafor", { role: "reader" }),
];

export const invite: Invite = {
  id: "i1",
  role: "member",
  code: "4f9a1c07d2e85b36a1c07d2e85b364f9",
  expires_at: NOW + 7 * 24 * 60 * minute,
};

export const invites: InviteRow[] = [
  { id: "i2", role: "reader", created_at: at(9, 0), expires_at: NOW + 60 * minute },
  { id: "i3", role: "member", created_at: at(9, 0, 2), expires_at: NOW + 5 * 24 * 60 * minute },
];

export const people: Person[] = [
  person("noor", "Noor Haddad", { own: true }),
  person("maya", "Maya Okafor", {}),
  person("tomas", "Tomás Vidal", { typing: true }),
  person("ines", "Ines Brandt", { devices: 2 }),
  person("lea", "Lea Fontaine", { status: "away" }),
];

function person(user_id: string, name: string, more: Partial<Person>): Person {
  return { user_id, name, status: "online", typing: false, devices: 1, own: false, ...more };
}

// A second client for the tests of the window: the official one, unchanged, doing what the
// messages it reads tell it. One line of JSON tells each thing that it sees.
//
//   node peer.mjs '{"url","key","session","reader":{"email","password"},"guest":{…}}'
//
// The reader has the session and writes in it; the guest is only there, and types.
//
//   say TEXT      the reader writes TEXT
//   reword TEXT   the reader changes what it wrote last into TEXT
//   take it back  the reader deletes what it wrote last
//   look busy     the guest is seen typing

import { createClient } from "@supabase/supabase-js";
import WebSocket from "ws";

const { url, key, session, reader, guest } = JSON.parse(process.argv[2]);
const tell = (told) => process.stdout.write(`${JSON.stringify(told)}\n`);
const must = ({ data, error }) => {
  if (error) throw error;
  return data;
};

async function client(actor) {
  const made = createClient(url, key, {
    auth: { persistSession: false },
    realtime: { transport: WebSocket },
  });
  const { user } = must(await made.auth.signInWithPassword(actor));
  await made.realtime.setAuth();
  return { made, user };
}

function subscribed(channel) {
  return new Promise((resolve, reject) => {
    channel.subscribe((status, error) => {
      if (status === "SUBSCRIBED") resolve();
      else if (status !== "CLOSED") reject(error ?? new Error(status));
    });
  });
}

const { made: own, user } = await client(reader);
const { made: other, user: visitor } = await client(guest);

const room = other.channel(`session:${session}`, { config: { presence: { key: visitor.id } } });
room.on("presence", { event: "join" }, ({ key: who }) => tell({ joined: who }));
room.on("broadcast", { event: "typing" }, ({ payload }) => tell({ typing: payload }));
await subscribed(room);
await room.track({ user_id: visitor.id, user_name: "Bob", status: "online" });

let last;
const messages = () => own.from("chat_messages");
const ORDERS = {
  "say ": async (content) => {
    const row = { session_id: session, user_id: user.id, role: "user", content };
    last = must(await messages().insert(row).select().single()).id;
  },
  "reword ": async (content) => must(await messages().update({ content }).eq("id", last)),
  "take it back": async () => must(await messages().delete().eq("id", last)),
  "look busy": async () =>
    tell({
      told: await room.send({
        type: "broadcast",
        event: "typing",
        payload: { user_id: visitor.id, user_name: "Bob", typing: true },
      }),
    }),
};

const chat = own
  .channel("peer")
  .on(
    "postgres_changes",
    { event: "*", schema: "public", table: "chat_messages" },
    async ({ eventType, new: now, old: before }) => {
      tell({ change: eventType, id: now.id ?? before.id, content: now.content });
      if (eventType !== "INSERT") return;
      const order = Object.keys(ORDERS).find((each) => now.content.startsWith(each));
      if (order) await ORDERS[order](now.content.slice(order.length));
    },
  );
await subscribed(chat);
tell({ ready: true });

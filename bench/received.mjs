// The official client, as an app uses it, only receiving: received.mjs PORT KEY
import { createRequire } from "node:module";
import { performance } from "node:perf_hooks";

const require = createRequire(new URL("../tests/conformance/package.json", import.meta.url));
const { RealtimeClient } = require("@supabase/realtime-js");
const { WebSocket } = require("ws");

const FLOOD = 100_000;
const PACED = 600;
const [port, key] = process.argv.slice(2);
const sessions = Array.from("0123456789", (n) => `00000000-0000-4000-8000-00000000000${n}`);
const [session] = sessions;

const client = new RealtimeClient(`ws://127.0.0.1:${port}/realtime/v1`, {
  params: { apikey: key },
  transport: WebSocket,
  vsn: "2.0.0",
});
// In whole microseconds; the process's own clock is set once, when it starts.
const now = () => Math.round((performance.timeOrigin + performance.now()) * 1000);
const go = (what) => fetch(`http://127.0.0.1:${port}/_go/${what}`, { method: "POST" });
const waits = [];
let next = 0;
let begin = 0;
let perSecond = 0;

client
  .channel("chat")
  .on("postgres_changes", { event: "*", schema: "public", table: "chat_messages" }, (change) => {
    const { id, content } = change.new;
    const n = Number(id.slice(24));
    if (n !== next) throw new Error(`change ${n} came in place of ${next}`);
    next += 1;
    if (n === FLOOD - 1) {
      perSecond = (FLOOD * 1000) / (performance.now() - begin);
      // As quiet as the other one is before the rest.
      setTimeout(() => go(`pace/${session}`), 1000);
    } else if (n >= FLOOD) waits.push(now() - Number(content.slice(0, 16)));
    if (n === FLOOD + PACED - 1) {
      waits.sort((a, b) => a - b);
      const at = (share) => waits[Math.floor((waits.length * share) / 100)];
      console.log(JSON.stringify({ per_second: perSecond, p50: at(50), p99: at(99) }));
      process.exit(0);
    }
  })
  .subscribe(async (status) => {
    if (status !== "SUBSCRIBED") return;
    await go(`prepare/${sessions}`);
    begin = performance.now();
    await go("flood");
  });

// The official client, as an app uses it: realtime-js.mjs VERSION PORT
import { createRequire } from "node:module";
import { performance } from "node:perf_hooks";

const require = createRequire(new URL("../tests/conformance/package.json", import.meta.url));
const { RealtimeClient } = require("@supabase/realtime-js");
const { WebSocket } = require("ws");

const FIRST = 1_000_000;
const FLOOD = 150_000;
const PACED = 15_000;
const [version, port] = process.argv.slice(2);

const client = new RealtimeClient(`ws://127.0.0.1:${port}/realtime/v1`, {
  params: { apikey: "sb_publishable_bench" },
  vsn: version,
  transport: WebSocket,
});
// In whole microseconds; the process's own clock is set once, when it starts.
const now = () => Math.round((performance.timeOrigin + performance.now()) * 1000);
const waits = [];
let next = FIRST;
let begin = 0;
let perSecond = 0;

client
  .channel("bench")
  .on("postgres_changes", { event: "*", schema: "public", table: "chat_messages" }, (change) => {
    const { n: number, sent } = change.new;
    if (number !== next) throw new Error(`change ${number} came in place of ${next}`);
    next += 1;
    const n = number - FIRST;
    if (n === 0) begin = performance.now();
    else if (n === FLOOD - 1) perSecond = ((FLOOD - 1) * 1000) / (performance.now() - begin);
    else if (n >= FLOOD) waits.push(now() - sent);
    if (n === FLOOD + PACED - 1) {
      waits.sort((a, b) => a - b);
      const at = (share) => waits[Math.floor((waits.length * share) / 100)];
      console.log(JSON.stringify({ per_second: perSecond, p50: at(50), p99: at(99) }));
      process.exit(0);
    }
  })
  .subscribe();

import type { ProjectCheck } from "../src/lib/bindings";

/** A project with something of everything. */
export const checked: ProjectCheck = {
  url: "https://kestrel-lab.supabase.co",
  usable: true,
  items: [
    { check: "reachable", outcome: "ok", message: "The project answers.", sql: null },
    { check: "key", outcome: "ok", message: "The key is accepted.", sql: null },
    { check: "tables", outcome: "ok", message: "The four tables are there.", sql: null },
    {
      check: "row_security",
      outcome: "unknown",
      message: "It could not be told before signing in for: crypto_prices.",
      sql: null,
    },
    { check: "realtime", outcome: "ok", message: "Changes can be followed.", sql: null },
    {
      check: "publication",
      outcome: "failed",
      message:
        "Not in the publication supabase_realtime: chat_messages. Run the SQL in the project's SQL editor.",
      sql: "alter publication supabase_realtime add table public.chat_messages;\n",
    },
    {
      check: "sync_part",
      outcome: "ok",
      message: "The server counts changes: what was missed is found at once.",
      sql: null,
    },
    {
      check: "members_part",
      outcome: "absent",
      message: "Optional, and not there. With it, sessions can be shared with others.",
      sql: "create table public.chat_session_members ();",
    },
    { check: "clock", outcome: "ok", message: "The clocks agree.", sql: null },
  ],
};

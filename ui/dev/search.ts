/** What a search finds, made up: in the open session by its words, elsewhere always the same. */

import type { MessageRow, SearchHit, SearchReply } from "../src/lib/bindings";
import { at } from "./data";

const FOUND = [
  ["Maya Okafor", "Data retention", 3],
  ["Tomás Vidal", "Data retention", 6],
  ["Sable", "Payments migration", 9],
] as const;

const elsewhere: SearchHit[] = FOUND.map(([author, title, days], index) => ({
  message: `h${index}`,
  session: title,
  session_title: title,
  user_id: null,
  author,
  own: false,
  role: author === "Sable" ? "assistant" : "user",
  created_at: at(14, 2, days),
  parts: [
    { text: "The ", hit: false },
    { text: "retention", hit: true },
    {
      text: " of live tables is 90 days, then the archive. Voice files go after 30 days, their transcripts stay.",
      hit: false,
    },
  ],
}));

export function search(query: string, messages: readonly MessageRow[]): SearchReply {
  const [, session, word = ""] = /^in:(\S+) (.*)$/.exec(query) ?? [];
  const hits = session === undefined ? everywhere(query) : within(session, word, messages);
  return {
    searched: 48_213,
    total: 48_213,
    more: false,
    scanned: hits.length > 0 ? 20_000 : null,
    hits,
  };
}

function everywhere(query: string): SearchHit[] {
  return query.startsWith("retnetion") ? [] : elsewhere;
}

/** The newest first. */
function within(session: string, word: string, messages: readonly MessageRow[]): SearchHit[] {
  return messages
    .filter((message) => message.content.toLowerCase().includes(word.toLowerCase()))
    .map((message) => ({
      message: message.id,
      session,
      session_title: "Release 0.9",
      user_id: message.user_id,
      author: message.author,
      own: message.own,
      role: message.role,
      created_at: message.created_at,
      parts: [{ text: message.content, hit: false }],
    }))
    .reverse();
}

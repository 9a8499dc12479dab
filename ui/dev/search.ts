/** What a search finds, made up: in the open session by its words, elsewhere always the same. */

import type { GetMessages, MessageRow, SearchHit, SearchReply } from "../src/lib/bindings";
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

/** A page of messages; around one that was found elsewhere, it stands among others. */
export function around({ at }: GetMessages, messages: readonly MessageRow[]): MessageRow[] {
  const hit = at.at === "around_here" && elsewhere.find(({ message }) => message === at.message);
  const [first] = messages;
  if (!hit || !first) return [...messages];
  const found: MessageRow = {
    ...first,
    id: hit.message,
    session: hit.session,
    author: hit.author,
    own: false,
    role: hit.role,
    kind: "text",
    content: hit.parts.map(({ text }) => text).join(""),
    created_at: hit.created_at,
  };
  const said = (text: string, minutes: number): MessageRow => ({
    ...found,
    id: `${hit.message}${minutes}`,
    author: "Ines Brandt",
    role: "user",
    content: text,
    created_at: hit.created_at + minutes * 60_000,
  });
  return [
    said("How long do we keep messages once a session is archived?", -6),
    found,
    said("Good, then nothing changes for support.", 5),
  ];
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

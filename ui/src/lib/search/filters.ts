import type { SearchFilter, SearchFrom, SearchHit, SearchKind } from "../bindings";
import { authorName } from "../conversation/author";
import type { Key } from "../i18n";

/** What the hits are narrowed to; a part that is not there lets everything through. */
export interface Filters {
  from?: { from: SearchFrom; name: string };
  session?: { id: string; title: string };
  kind?: SearchKind;
  time?: Span;
}

export type Span = (typeof SPANS)[number];

export const SPANS = ["today", "week", "month", "year", "before"] as const;
export const KINDS: readonly SearchKind[] = ["link", "code", "voice", "action"];

export const SPAN_WORDS = {
  today: "filter.today",
  week: "filter.week",
  month: "filter.month",
  year: "filter.year",
  before: "filter.before",
} as const satisfies Record<Span, Key>;
export const KIND_WORDS = {
  link: "filter.link",
  code: "filter.code",
  voice: "filter.voice",
  action: "filter.action",
} as const satisfies Record<SearchKind, Key>;

/** As the engine takes it; undefined when nothing is narrowed. Days begin at the local midnight. */
export function asked(
  { from, session, kind, time }: Filters,
  now: number,
): SearchFilter | undefined {
  if (!from && !session && !kind && !time) return undefined;
  return {
    from: from?.from ?? null,
    session: session?.id ?? null,
    kind: kind ?? null,
    ...between(time, new Date(now)),
  };
}

function between(span: Span | undefined, now: Date): Pick<SearchFilter, "after" | "before"> {
  const day = (back: number) =>
    new Date(now.getFullYear(), now.getMonth(), now.getDate() - back).getTime();
  const year = new Date(now.getFullYear(), 0, 1).getTime();
  switch (span) {
    case "today":
      return { after: day(0), before: null };
    case "week":
      return { after: day(6), before: null };
    case "month":
      return { after: day(29), before: null };
    case "year":
      return { after: year, before: null };
    case "before":
      return { after: null, before: year };
    default:
      return { after: null, before: null };
  }
}

/** People who wrote some of the hits, besides oneself and assistants, by their ids. */
export function peopleOf(hits: readonly SearchHit[]): [id: string, name: string][] {
  return hits.flatMap((hit): [string, string][] =>
    hit.own || hit.role !== "user" || hit.user_id === null ? [] : [[hit.user_id, authorName(hit)]],
  );
}

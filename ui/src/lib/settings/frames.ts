import type { FrameRow } from "../bindings";

/** Frames that a window keeps. */
export const KEPT = 500;

/** What is known with what came; an answer that overlaps, or that starts anew, doubles nothing. */
export function joined(known: readonly FrameRow[], came: readonly FrameRow[]): FrameRow[] {
  const last = known.at(-1)?.number ?? 0;
  return [...known, ...came.filter((frame) => frame.number > last)].slice(-KEPT);
}

import type { FiringRow } from "../../bindings";

/** The least between the middles of two discs, so that each is a target of its own, in pixels. */
const APART = 24;

/** Firings that are drawn as one disc: where, and which, oldest first. */
export interface Disc {
  x: number;
  y: number;
  firings: FiringRow[];
}

/** Whether nobody was told of any of them. */
export function untold({ firings }: Disc): boolean {
  return firings.every(({ mark }) => mark !== "notified" && mark !== "paused");
}

/** Discs for firings, oldest first; those that would cover each other are one. */
export function discsOf(
  firings: readonly FiringRow[],
  place: (firing: FiringRow) => { x: number; y: number },
): Disc[] {
  const discs: Disc[] = [];
  for (const firing of [...firings].sort((a, b) => a.time - b.time)) {
    const { x, y } = place(firing);
    const near = discs.find((disc) => Math.abs(disc.x - x) < APART && Math.abs(disc.y - y) < APART);
    if (near) near.firings.push(firing);
    else discs.push({ x, y, firings: [firing] });
  }
  return discs;
}

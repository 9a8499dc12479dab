/** The arithmetic of a list of which only the visible part is drawn. Heights are in px. */

export interface Layout {
  readonly keys: readonly string[];
  /** Where each row begins; one more entry than rows, the last is the whole height. */
  readonly offsets: readonly number[];
}

/** A row and how far its top edge is below the top of the view (negative: above it). */
export interface Anchor {
  readonly key: string;
  readonly top: number;
}

export function layOut(keys: readonly string[], heightOf: (key: string) => number): Layout {
  const offsets = [0];
  let sum = 0;
  for (const key of keys) {
    sum += heightOf(key);
    offsets.push(sum);
  }
  return { keys, offsets };
}

export function totalHeight(layout: Layout): number {
  return layout.offsets.at(-1) ?? 0;
}

/** The row under `y`; the last one when `y` is beyond the end, -1 when there is none. */
export function rowAt(layout: Layout, y: number): number {
  let low = 0;
  let high = layout.keys.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((layout.offsets[middle] ?? 0) <= y) low = middle;
    else high = middle - 1;
  }
  return high < 0 ? -1 : low;
}

/** The last row from `first` on that ends above `bottom`; `first` itself when none does. */
export function lastWhole(layout: Layout, first: number, bottom: number): number {
  const at = rowAt(layout, bottom - 1);
  return (layout.offsets[at + 1] ?? 0) <= bottom ? at : Math.max(first, at - 1);
}

/** Which rows to draw, `end` excluded: those in view and within `margin` px of it. */
export function visibleRange(
  layout: Layout,
  scrollTop: number,
  viewHeight: number,
  margin: number,
): { start: number; end: number } {
  if (layout.keys.length === 0) return { start: 0, end: 0 };
  return {
    start: rowAt(layout, Math.max(0, scrollTop - margin)),
    end: rowAt(layout, scrollTop + viewHeight + margin) + 1,
  };
}

/**
 * What to hold still: the first row that reaches into the view, of those that `stays` says keep
 * their place among the others.
 */
export function anchorAt(
  layout: Layout,
  scrollTop: number,
  stays: (row: number) => boolean = () => true,
): Anchor | undefined {
  const inView = rowAt(layout, scrollTop);
  let row = inView;
  while (row >= 0 && row < layout.keys.length && !stays(row)) row += 1;
  if (row === layout.keys.length) row = inView;
  const key = layout.keys[row];
  if (key === undefined) return undefined;
  return { key, top: (layout.offsets[row] ?? 0) - scrollTop };
}

/** The scroll position that puts the anchor back; undefined when its row is gone. */
export function scrollTopFor(layout: Layout, anchor: Anchor): number | undefined {
  const row = layout.keys.indexOf(anchor.key);
  if (row < 0) return undefined;
  return Math.max(0, (layout.offsets[row] ?? 0) - anchor.top);
}

/** Whether the view shows the end, give or take `slack` px. */
export function isAtEnd(
  total: number,
  scrollTop: number,
  viewHeight: number,
  slack: number,
): boolean {
  return total - scrollTop - viewHeight <= slack;
}

/**
 * Which rows are drawn, and how much room is left over each for those that are not: the visible
 * range, and the `kept` rows wherever they are.
 */
export function drawnRows(
  layout: Layout,
  range: { start: number; end: number },
  kept: readonly string[],
): { row: number; gap: number }[] {
  const drawn = new Set(kept.map((key) => layout.keys.indexOf(key)).filter((row) => row >= 0));
  for (let row = range.start; row < range.end; row += 1) drawn.add(row);
  let bottom = 0;
  return [...drawn]
    .sort((a, b) => a - b)
    .map((row) => {
      const gap = (layout.offsets[row] ?? 0) - bottom;
      bottom = layout.offsets[row + 1] ?? 0;
      return { row, gap };
    });
}

/** A view of a layout: where it stands, and its height. */
export interface View {
  readonly top: number;
  readonly height: number;
}

/**
 * Where a row has to stand to be seen whole, moved as little as that takes; `room` is kept free
 * above and below. One that is larger than the view begins at its top. Undefined: it stands well.
 */
export function shownWhole(
  layout: Layout,
  key: string,
  view: View,
  room: { above: number; below: number },
): Anchor | undefined {
  const row = layout.keys.indexOf(key);
  if (row < 0) return undefined;
  const top = (layout.offsets[row] ?? 0) - view.top;
  const height = (layout.offsets[row + 1] ?? 0) - (layout.offsets[row] ?? 0);
  const lowest = view.height - room.below - height;
  if (top < room.above || lowest < room.above) {
    return top === room.above ? undefined : { key, top: room.above };
  }
  return top > lowest ? { key, top: lowest } : undefined;
}

/** Whether a row larger than the view goes on beyond its edge: above it (-1) or below (1). */
export function goesOn(layout: Layout, key: string, view: View, side: 1 | -1): boolean {
  const row = layout.keys.indexOf(key);
  const top = (layout.offsets[row] ?? 0) - view.top;
  const bottom = (layout.offsets[row + 1] ?? 0) - view.top;
  if (row < 0 || bottom - top <= view.height) return false;
  return side < 0 ? top < 0 && bottom > 0 : bottom > view.height && top < view.height;
}

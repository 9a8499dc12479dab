import { tick } from "svelte";
import { t } from "../i18n";
import { market } from "../state/market.svelte";

/** A pointer that moved less than this, in CSS pixels, pressed a row and did not drag it. */
const SLACK = 4;
const ROW = "[data-testid=watch-row]";

let last: Promise<void> = Promise.resolve();
let drop = () => {};

/** Moves a symbol by so many places. */
export function moveBy(symbol: string, step: number): Promise<void> {
  return move(symbol, (others, at) => {
    const to = at + step;
    return to >= 0 && to <= others.length ? to : at;
  });
}

/** Moves a symbol in front of another one; to the end where there is none. */
export function moveBefore(symbol: string, next: string | undefined): Promise<void> {
  return move(symbol, (others) => {
    const to = next === undefined ? -1 : others.indexOf(next);
    return to < 0 ? others.length : to;
  });
}

/** One move after the other: each begins with the order that the one before left. */
function move(
  symbol: string,
  placed: (others: readonly string[], at: number) => number,
): Promise<void> {
  last = last.then(async () => {
    const at = market.order.indexOf(symbol);
    const order = market.order.filter((each) => each !== symbol);
    const to = placed(order, at);
    if (at < 0 || to === at) return;
    order.splice(to, 0, symbol);
    const focused = document.activeElement;
    await market.watch(order);
    if (market.order[to] !== symbol) return;
    market.said = t("market.placed", { symbol, at: to + 1, count: order.length });
    await tick();
    // A row that is put elsewhere loses the focus on the way.
    if (focused instanceof HTMLElement && document.activeElement === document.body) focused.focus();
  });
  return last;
}

/**
 * Drags a row of the list from where a mouse or a pen pressed it. A finger scrolls: it moves rows by
 * their menu.
 */
export function drag(press: PointerEvent, list: HTMLElement): void {
  drop();
  const row = (press.target as Element).closest<HTMLElement>(ROW);
  if (!row || press.button !== 0 || press.pointerType === "touch") return;
  const rows = [...list.querySelectorAll<HTMLElement>(ROW)];
  const from = rows.indexOf(row);
  const ends = new AbortController();
  // Where the list is scrolled to does not count.
  const placeOf = (event: PointerEvent) => event.clientY - list.getBoundingClientRect().top;
  const start = placeOf(press);
  let to = from;

  const shift = (by: number) => {
    const height = row.offsetHeight;
    const within = Math.max(-from * height, Math.min((rows.length - 1 - from) * height, by));
    to = from + Math.round(within / height);
    for (const [at, each] of rows.entries()) {
      const aside = at > from && at <= to ? -height : at < from && at >= to ? height : 0;
      each.style.translate = `0 ${at === from ? within : aside}px`;
    }
    row.scrollIntoView({ block: "nearest" });
  };
  drop = () => {
    ends.abort();
    delete row.dataset.held;
    for (const each of rows) each.removeAttribute("style");
  };

  const on = <Name extends keyof WindowEventMap>(
    name: Name,
    listener: (event: WindowEventMap[Name]) => void,
  ) => window.addEventListener(name, listener, { signal: ends.signal, capture: true });

  on("pointermove", (event) => {
    if (event.pointerId !== press.pointerId) return;
    // It was let go of before anybody listened.
    if ((event.buttons & 1) === 0) return drop();
    const by = placeOf(event) - start;
    if (row.dataset.held === undefined) {
      if (Math.abs(by) < SLACK) return;
      row.dataset.held = "";
      row.setPointerCapture(event.pointerId);
    }
    shift(by);
  });
  on("pointerup", (event) => {
    if (event.pointerId !== press.pointerId) return;
    ends.abort();
    if (row.dataset.held === undefined) return;
    swallowClick();
    const others = rows.filter((each) => each !== row);
    const done = drop;
    if (to === from) done();
    else {
      shift((to - from) * row.offsetHeight);
      void moveBefore(row.dataset.symbol ?? "", others[to]?.dataset.symbol).then(done);
    }
  });
  on("pointercancel", drop);
  on("keydown", (event) => {
    if (event.key !== "Escape" || row.dataset.held === undefined) return;
    event.stopPropagation();
    drop();
    window.addEventListener("pointerup", swallowClick, { capture: true, once: true });
  });
}

/** What was dragged was not clicked. */
function swallowClick(): void {
  const swallow = (click: Event) => click.stopImmediatePropagation();
  window.addEventListener("click", swallow, { capture: true, once: true });
  setTimeout(() => window.removeEventListener("click", swallow, { capture: true }));
}

import { price } from "../../format/number";
import { dayAndTime, timeOfDay } from "../../format/time";
import { t } from "../../i18n";
import { nowByMinute } from "../../state/clock.svelte";
import { type Band, DAYS, type Picture } from "./picture.svelte";

/** What can be pointed at: a price, or a stretch without any. */
export interface Stop {
  readonly x: number;
  readonly y: number | undefined;
  /** `09:40  67,412.00`. */
  readonly text: string;
}

/** What the pointer is on: the nearest price, or the gap that it is in. */
export function stopAt(picture: Picture, x: number): Stop | undefined {
  const { plot, slots, bands } = picture;
  if (!plot) return undefined;
  const band = bands.find(({ from, to }) => x >= from && x <= to);
  if (band) return { ...gapStop(picture, band), x };
  const slot = Math.max(0, Math.min(slots.length - 1, plot.slotAt(x)));
  for (let off = 0; off < slots.length; off += 1) {
    const stop = priceStop(picture, slot - off) ?? priceStop(picture, slot + off);
    if (stop) return stop;
  }
  return undefined;
}

/** What a key leads to from where the pointing is: the next to the left, to the right, the ends. */
export function stopBy(picture: Picture, key: string, from: Stop | undefined): Stop | undefined {
  const { plot } = picture;
  if (!plot) return undefined;
  // Only the one that is chosen is put into words.
  const stops = [
    ...picture.slots.flatMap(({ point }, slot) =>
      point ? [{ x: plot.x(slot), stop: () => priceStop(picture, slot) }] : [],
    ),
    ...picture.bands.map((band) => ({
      x: (band.from + band.to) / 2,
      stop: () => gapStop(picture, band),
    })),
  ].sort((a, b) => a.x - b.x);
  const x = from?.x ?? Number.POSITIVE_INFINITY;
  switch (key) {
    case "Home":
      return stops[0]?.stop();
    case "ArrowLeft":
      return (stops.findLast((each) => each.x < x) ?? stops[0])?.stop();
    case "ArrowRight":
      return (stops.find((each) => each.x > x) ?? stops.at(-1))?.stop();
    case "End":
      return stops.at(-1)?.stop();
    default:
      return undefined;
  }
}

function priceStop(picture: Picture, slot: number): Stop | undefined {
  const point = picture.slots[slot]?.point;
  if (!point || !picture.plot) return undefined;
  return {
    x: picture.plot.x(slot),
    y: picture.plot.yOf(point.price),
    text: `${written(picture, point.time)}  ${price(point.price)}`,
  };
}

function gapStop(picture: Picture, { gap, from, to }: Band): Stop {
  const values = { from: written(picture, gap.from), to: written(picture, gap.to) };
  return { x: (from + to) / 2, y: undefined, text: t("chart.gap", values) };
}

function written({ length }: Picture, time: number): string {
  return length > DAYS ? dayAndTime(time, nowByMinute()) : timeOfDay(time);
}

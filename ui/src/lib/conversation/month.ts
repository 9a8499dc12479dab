/** A day of the calendar, at its local midnight. */
export interface Day {
  date: Date;
  /** Whether it is of the month shown. */
  within: boolean;
}

/** The weeks that a month touches, whole. `first`: the weekday that begins a week, 0 is Sunday. */
export function weeks(year: number, month: number, first: number): Day[][] {
  const lead = (new Date(year, month, 1).getDay() - first + 7) % 7;
  const days = new Date(year, month + 1, 0).getDate();
  const count = Math.ceil((lead + days) / 7);
  return Array.from({ length: count }, (_, week) =>
    Array.from({ length: 7 }, (_, day) => {
      const date = new Date(year, month, 1 - lead + week * 7 + day);
      return { date, within: date.getMonth() === month };
    }),
  );
}

/** The day that a key leads to from another; undefined for a key that leads nowhere. */
export function moved(from: Date, key: string): Date | undefined {
  const [year, month, day] = [from.getFullYear(), from.getMonth(), from.getDate()];
  const step = STEPS[key];
  if (step !== undefined) return new Date(year, month, day + step);
  if (key === "PageUp" || key === "PageDown") {
    const to = key === "PageUp" ? month - 1 : month + 1;
    // The last day of a shorter month stands for one that it does not have.
    return new Date(year, to, Math.min(day, new Date(year, to + 1, 0).getDate()));
  }
  return undefined;
}

const STEPS: Record<string, number | undefined> = {
  ArrowLeft: -1,
  ArrowRight: 1,
  ArrowUp: -7,
  ArrowDown: 7,
};

/** The weekday that begins a week where the system is: 0 is Sunday. Monday where it does not say. */
export function firstWeekday(locale: string): number {
  const known = new Intl.Locale(locale) as Intl.Locale & {
    getWeekInfo?: () => { firstDay: number };
    weekInfo?: { firstDay: number };
  };
  const info = known.getWeekInfo?.() ?? known.weekInfo;
  return (info?.firstDay ?? 1) % 7;
}

import { byLanguage, t } from "../i18n";

type When = string | number | Date;

const DAY = 86_400_000;

const clock = times({ timeStyle: "short" });
const clockWithSeconds = times({ timeStyle: "medium" });
const wholeHour = times({ hour: "numeric" });
const weekdayShort = words({ weekday: "short" });
const weekdayLong = words({ weekday: "long" });
const dayMonth = words({ day: "numeric", month: "short" });
const dayMonthYear = words({ day: "numeric", month: "short", year: "numeric" });
const weekdayDay = words({ weekday: "short", day: "numeric", month: "short" });
const longDay = words({ weekday: "long", day: "numeric", month: "long" });
const monthShort = words({ month: "short" });
const month = words({ month: "long", year: "numeric" });
const longDayYear = words({ weekday: "long", day: "numeric", month: "long", year: "numeric" });

/** `14:02`, as the place writes it. */
export function timeOfDay(when: When): string {
  return clock().format(new Date(when));
}

/** `14:02`, or `2:02` without its half of the day, where there is no room for more. */
export function bareTimeOfDay(when: When): string {
  return clock()
    .formatToParts(new Date(when))
    .filter(({ type }) => type === "hour" || type === "minute" || type === "literal")
    .map(({ value }) => value)
    .join("")
    .trim();
}

/** For an axis: `14:00`, or `2 PM` where the half of the day is written. */
export function axisTime(when: When): string {
  const date = new Date(when);
  const written = clock()
    .formatToParts(date)
    .some(({ type }) => type === "dayPeriod");
  return written && date.getMinutes() === 0 ? wholeHour().format(date) : clock().format(date);
}

/** `14:02:09`. */
export function timeWithSeconds(when: When): string {
  return clockWithSeconds().format(new Date(when));
}

/** For lists: `14:02`, `Yesterday`, `Mon`, `18 Sep`, `18 Sep 2025`. */
export function shortWhen(when: When, now: When): string {
  const date = new Date(when);
  const days = daysBetween(date, now);
  if (days <= 0) return clock().format(date);
  if (days === 1) return t("time.yesterday");
  if (days < 7) return weekdayShort().format(date);
  return sameYear(date, now) ? dayMonth().format(date) : dayMonthYear().format(date);
}

/** For day headers: `Today`, `Yesterday`, `Monday 13 October`, with the year if not this one. */
export function dayHeader(when: When, now: When): string {
  const date = new Date(when);
  const days = daysBetween(date, now);
  if (days === 0) return t("time.today");
  if (days === 1) return t("time.yesterday");
  return sameYear(date, now) ? longDay().format(date) : longDayYear().format(date);
}

/** Inside a sentence: `today, 08:52`, `Tue 14 Oct, 16:20`, `2 Oct 2025, 09:14`. */
export function dayAndTime(when: When, now: When): string {
  const date = new Date(when);
  const days = daysBetween(date, now);
  const day =
    days === 0
      ? t("time.todayInText")
      : days > 0 && days < 14
        ? weekdayDay().format(date)
        : sameYear(date, now)
          ? dayMonth().format(date)
          : dayMonthYear().format(date);
  return t("time.dayAndTime", { day, time: clock().format(date) });
}

/** `2 Oct`, with the year if it is not this one. */
export function day(when: When, now: When): string {
  const date = new Date(when);
  return sameYear(date, now) ? dayMonth().format(date) : dayMonthYear().format(date);
}

/** For an axis over months: `Oct`. */
export function axisMonth(when: When): string {
  return monthShort().format(new Date(when));
}

/** The whole moment, for tooltips and screen readers. */
export function fullMoment(when: When): string {
  const date = new Date(when);
  return t("time.dayAndTime", {
    day: longDayYear().format(date),
    time: clockWithSeconds().format(date),
  });
}

/** `just now`, `2 s ago`, `4 min ago`, `3 h ago`, `2 d ago`. */
export function ago(when: When, now: When): string {
  const seconds = Math.max(0, Math.round((Number(new Date(now)) - Number(new Date(when))) / 1000));
  if (seconds === 0) return t("time.justNow");
  if (seconds < 60) return t("time.secondsAgo", { seconds });
  if (seconds < 3600) return t("time.minutesAgo", { minutes: Math.floor(seconds / 60) });
  if (seconds < 86_400) return t("time.hoursAgo", { hours: Math.floor(seconds / 3600) });
  return t("time.daysAgo", { count: Math.floor(seconds / 86_400) });
}

/** A length of sound: `0:12`, `1:02:09`. */
export function soundLength(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const two = (n: number) => String(n).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours > 0
    ? `${hours}:${two(minutes)}:${two(whole % 60)}`
    : `${minutes}:${two(whole % 60)}`;
}

/** A span in words, in its largest whole unit: `30 seconds`, `5 minutes`, `2 hours`. */
export function span(seconds: number): string {
  if (seconds > 0 && seconds % 86_400 === 0) return t("span.days", { count: seconds / 86_400 });
  if (seconds > 0 && seconds % 3600 === 0) return t("span.hours", { count: seconds / 3600 });
  if (seconds > 0 && seconds % 60 === 0) return t("span.minutes", { count: seconds / 60 });
  return t("span.seconds", { count: seconds });
}

/** The local calendar day, as a key that two moments share or not. */
export function dayKey(when: When): string {
  const date = new Date(when);
  return `${date.getFullYear()}-${date.getMonth() + 1}-${date.getDate()}`;
}

/** Times of day are written as in the place. */
function times(options: Intl.DateTimeFormatOptions): () => Intl.DateTimeFormat {
  return byLanguage(({ numbers }) => new Intl.DateTimeFormat(numbers, options));
}

/** Days have words in them: they are written as in the language. */
function words(options: Intl.DateTimeFormatOptions): () => Intl.DateTimeFormat {
  return byLanguage(({ words }) => new Intl.DateTimeFormat(words, options));
}

/** Calendar days from `when` to `now`; 0 is today, negative is ahead. */
function daysBetween(when: When, now: When): number {
  return Math.round((midnight(now) - midnight(when)) / DAY);
}

function midnight(when: When): number {
  const date = new Date(when);
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}

function sameYear(a: When, b: When): boolean {
  return new Date(a).getFullYear() === new Date(b).getFullYear();
}

/** `March 2026`. */
export function monthAndYear(when: When): string {
  return month().format(new Date(when));
}

/** `Mon`. */
export function weekdayName(when: When): string {
  return weekdayShort().format(new Date(when));
}

/** The days of a week from Monday on: `Mon` and `Monday`. */
export function weekdays(): { short: string; long: string }[] {
  // 1 January 2024 was a Monday.
  return Array.from({ length: 7 }, (_, index) => {
    const day = new Date(2024, 0, 1 + index);
    return { short: weekdayShort().format(day), long: weekdayLong().format(day) };
  });
}

/** `Saturday, 14 March 2026`. */
export function fullDay(when: When): string {
  return longDayYear().format(new Date(when));
}

/** The day that a text of year, month and day names; undefined when there is none. */
export function readDay(text: string): Date | undefined {
  const found = /^\s*(\d{4})[-./\s]+(\d{1,2})[-./\s]+(\d{1,2})\s*$/.exec(text);
  if (!found) return undefined;
  const [year, month, day] = found.slice(1).map(Number) as [number, number, number];
  const date = new Date(year, month - 1, day);
  // The calendar has no 31st of February: it would become a day of March.
  const same =
    date.getFullYear() === year && date.getMonth() === month - 1 && date.getDate() === day;
  return same ? date : undefined;
}

/** `2026-03-14`. */
export function writeDay(date: Date): string {
  const two = (part: number) => String(part).padStart(2, "0");
  return `${String(date.getFullYear()).padStart(4, "0")}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

// Days of a company are those of its time zone, whatever the browser's is.

/** A language that writes the year first, with hyphens. */
const YEAR_FIRST = "sv-SE";

/** The day of now, as `2026-12-01`. */
export function today(zone: string, now = new Date()): string {
  return new Intl.DateTimeFormat(YEAR_FIRST, { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit" }).format(now);
}

export function addDays(day: string, days: number): string {
  const date = new Date(`${day}T12:00:00Z`);
  date.setUTCDate(date.getUTCDate() + days);
  return date.toISOString().slice(0, 10);
}

export function isDay(text: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(`${text}T12:00:00Z`));
}

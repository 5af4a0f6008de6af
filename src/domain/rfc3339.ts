// RFC 3339 §5.6: the full form, with an offset. Lower-case `t` and `z` and a leap second are part of the grammar.
const PATTERN =
  /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9})\d*)?(?:[Zz]|([+-])(\d{2}):(\d{2}))$/;
const MINUTE_MS = 60_000;
/** Postgres knows no year 0, and ISO texts with more than four digits a year are another format. */
const EARLIEST_MS = new Date('0001-01-01T00:00:00.000Z').getTime();
const LATEST_MS = new Date('9999-12-31T23:59:59.999Z').getTime();

/**
 * Reads an RFC 3339 time with an offset. Null for anything else: a time without an offset is never guessed at, and a
 * day that the calendar does not have is not rolled over into the next month.
 */
export function parseRfc3339(text: string): Date | null {
  const match = PATTERN.exec(text);
  if (!match) return null;
  const field = (place: number): number => Number(match[place] ?? 0);
  const [year, month, day, hour, minute, second] = [1, 2, 3, 4, 5, 6].map(field) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const [offsetHours, offsetMinutes] = [field(9), field(10)];
  if (hour > 23 || minute > 59 || second > 60 || offsetHours > 23 || offsetMinutes > 59) return null;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return null;
  date.setUTCHours(hour, minute, second, Number((match[7] ?? '').slice(0, 3).padEnd(3, '0')));
  const offsetMs = (offsetHours * 60 + offsetMinutes) * MINUTE_MS * (match[8] === '-' ? -1 : 1);
  const ms = date.getTime() - offsetMs;
  return ms < EARLIEST_MS || ms > LATEST_MS ? null : new Date(ms);
}

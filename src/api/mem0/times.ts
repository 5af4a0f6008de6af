import { parseRfc3339 } from '../../domain/rfc3339';

const DAY = /^\d{4}-\d{2}-\d{2}$/;
const DAY_MS = 86_400_000;
const MS_PER_SECOND = 1_000;

/** mem0 gives days without a zone: they are UTC's here. */
export interface Span {
  from: Date;
  /** Exclusive: a day has an end, a moment lasts a millisecond. */
  to: Date;
}

/** A `YYYY-MM-DD`, or an RFC 3339 time with an offset; null for anything else. */
export function spanOf(text: unknown): Span | null {
  if (typeof text !== 'string') return null;
  const isDay = DAY.test(text);
  const from = parseRfc3339(isDay ? `${text}T00:00:00Z` : text);
  return from && { from, to: new Date(from.getTime() + (isDay ? DAY_MS : 1)) };
}

export const SPAN_MESSAGE =
  'must be a day (YYYY-MM-DD) or an RFC 3339 time with an offset, such as 2024-05-08T10:00:00Z';

/** A moment as mem0 takes it: seconds since 1970, a day, or a time; null for anything else. */
export function momentOf(value: unknown): Date | null {
  if (typeof value !== 'number') return spanOf(value)?.from ?? null;
  const date = new Date(value * MS_PER_SECOND);
  return Number.isNaN(date.getTime()) ? null : date;
}

/** The end of a memory's last day, which is when it expires; null for what is no day. */
export function endOfDay(day: string): Date | null {
  return (DAY.test(day) && spanOf(day)?.to) || null;
}

/** Whether a memory can still have this as its last day. */
export function isTodayOrLater(day: string, now: Date): boolean {
  const end = endOfDay(day);
  return end !== null && end > now;
}

/** As a memory is given it: undefined stays as it is, null never expires. */
export function expiryAfter(lastDay: string | null | undefined): { at: Date } | null | undefined {
  if (typeof lastDay !== 'string') return lastDay;
  const at = endOfDay(lastDay);
  return at && { at };
}

/** The last day on which a memory is shown. */
export function lastDayBefore(expiresAt: Date): string {
  return new Date(expiresAt.getTime() - 1).toISOString().slice(0, 10);
}

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

/** How long a memory lives that is to be hidden after this day; in whole seconds, 0 or less when it is over. */
export function secondsThrough(day: string, now: Date): number | null {
  const span = DAY.test(day) ? spanOf(day) : null;
  return span && Math.ceil((span.to.getTime() - now.getTime()) / MS_PER_SECOND);
}

/** The last day on which a memory is shown. */
export function lastDayBefore(expiresAt: Date): string {
  return new Date(expiresAt.getTime() - MS_PER_SECOND).toISOString().slice(0, 10);
}

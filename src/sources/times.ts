import { parseRfc3339 } from '../domain/rfc3339';

const MS_A_SECOND = 1_000;
/** `YYYY-MM-DD`, perhaps with a time, perhaps with an offset. */
const ISO_LIKE =
  /^(\d{4}-\d{2}-\d{2})(?:[T ]+(\d{2}:\d{2})(?::(\d{2}(?:[.,]\d+)?))?)?\s*(Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?$/i;
const EPOCH_SECONDS = /^\d{9,10}(\.\d+)?$/;
const EPOCH_MS = /^\d{12,13}$/;

/** RFC 3339 of a Unix time in seconds; undefined for what is none. */
export function fromEpochSeconds(seconds: unknown): string | undefined {
  if (typeof seconds !== 'number' || !(seconds > 0)) return undefined;
  const date = new Date(Math.round(seconds * MS_A_SECOND));
  return Number.isNaN(date.getTime()) || date.getUTCFullYear() > 9999 ? undefined : date.toISOString();
}

/** The text if it is RFC 3339 with an offset. */
export function asRfc3339(text: unknown): string | undefined {
  return typeof text === 'string' && parseRfc3339(text) !== null ? text : undefined;
}

/**
 * Reads a time as logs write it: ISO 8601 with a blank or a `T`, with or without seconds, or a Unix time.
 * @param utcOffset what a time without an offset means; without it, such a time is a problem
 */
export function readLogTime(
  text: string,
  utcOffset: string | undefined,
): { timestamp: string } | { problem: string } {
  const trimmed = text.trim();
  const unix = unixTime(trimmed);
  if (unix !== undefined) return { timestamp: unix };
  const match = ISO_LIKE.exec(trimmed);
  if (!match) return { problem: `the time "${excerpt(trimmed)}" is not of the form 2024-05-08T10:00:00Z` };
  const [, day, minutes = '00:00', seconds = '00', written] = match;
  const offset = written ?? utcOffset;
  if (offset === undefined)
    return {
      problem: `the time "${trimmed}" has no offset: say which one is meant, for example --utc-offset +02:00`,
    };
  const timestamp = `${day}T${minutes}:${seconds.replace(',', '.')}${fullOffset(offset)}`;
  return parseRfc3339(timestamp) === null
    ? { problem: `the time "${excerpt(trimmed)}" does not exist` }
    : { timestamp };
}

/** Whether it can stand at the end of an RFC 3339 time. */
export function isUtcOffset(text: string): boolean {
  return parseRfc3339(`2000-01-01T00:00:00${text}`) !== null;
}

function unixTime(text: string): string | undefined {
  if (EPOCH_SECONDS.test(text)) return fromEpochSeconds(Number(text));
  return EPOCH_MS.test(text) ? fromEpochSeconds(Number(text) / MS_A_SECOND) : undefined;
}

function fullOffset(offset: string): string {
  if (/^(Z|UTC|GMT)$/i.test(offset)) return 'Z';
  const digits = offset.slice(1).replace(':', '').padEnd(4, '0');
  return `${offset[0]}${digits.slice(0, 2)}:${digits.slice(2)}`;
}

function excerpt(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}

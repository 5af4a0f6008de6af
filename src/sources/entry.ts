import type { Role } from '../domain/message';

/** One line of `POST /v1/imports`, as it goes over the wire; the server judges what is in it. */
export interface ImportLine {
  user_id: string;
  /** May be missing where the line is a whole transcript. */
  conversation_id?: string;
  [field: string]: unknown;
}

/** Whether a line is a memory of an export rather than messages. */
export function isMemoryLine(line: ImportLine): boolean {
  return line['type'] === 'memory';
}

/** An import line made by a source that knows what it holds. */
export interface MessageLine extends ImportLine {
  conversation_id: string;
  role: Role;
  content: string;
  message_id?: string;
  /** RFC 3339 with an offset. */
  timestamp?: string;
  name?: string;
  metadata?: Record<string, unknown>;
}

/**
 * What a source finds, in the order of the file. `line` counts from 1 and is where it stands in the file (a record of
 * several lines: the first of them). A problem is a message that could not be read and is not imported; a note says what was left
 * out on purpose, in words that are the same each time, so that notes can be counted.
 */
export type SourceEntry =
  { line: number; message: ImportLine } | { line: number; problem: string } | { line: number; note: string };

/** What the file itself may not say. */
export interface SourceDefaults {
  /** For records without a user. */
  user?: string | undefined;
  /** For records without a conversation. */
  conversation?: string | undefined;
  /** `+02:00` or `Z`: what times without an offset mean, in formats that have such times. */
  utcOffset?: string | undefined;
}

/** Bytes of a file: uncompressed, without a byte order mark. */
export type Bytes = AsyncIterable<Uint8Array>;

/** Reads a file of one format as a stream. */
export type Source = (bytes: Bytes, defaults: SourceDefaults) => AsyncGenerator<SourceEntry>;

/** The file as a whole cannot be imported like this; the message says what to do about it. */
export class SourceError extends Error {
  override name = 'SourceError';
}

/** A JSON object, or null. */
export function asObject(value: unknown): Record<string, unknown> | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : null;
}

/** A text with something in it, or undefined. */
export function asText(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value : undefined;
}

/** The user of a format that names none. @throws SourceError without one */
export function userOf(defaults: SourceDefaults): string {
  if (defaults.user === undefined)
    throw new SourceError('the file does not say whose messages these are: name the user with --user ID');
  return defaults.user;
}

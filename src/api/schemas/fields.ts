import { z } from 'zod';
import { MAX_METADATA_BYTES } from '../../domain/metadata';
import { parseRfc3339 } from '../../domain/rfc3339';

export const MAX_ID_CHARS = 200;
export const MAX_CONTENT_CHARS = 32_768;
export const MAX_MESSAGES = 1_000;
/** Postgres reads JSON recursively: deeper values than anyone means would exhaust its stack. */
export const MAX_METADATA_DEPTH = 32;
export const MAX_RETRIEVE_LIMIT = 1_000;
export const MAX_OFFSET = 1_000_000_000;

const CONTROL = /\p{Cc}/u;
const NUL_OR_LONE_SURROGATE = /\0|\p{Cs}/u;

/** What is wrong with an id or another label of ours; null when nothing is. */
export function idProblem(text: string): string | null {
  if (text === '' || longerThan(text, MAX_ID_CHARS)) return `must have 1 to ${MAX_ID_CHARS} characters`;
  if (CONTROL.test(text)) return 'must not contain control characters';
  if (NUL_OR_LONE_SURROGATE.test(text)) return 'must not contain lone surrogates';
  return text === '.' || text === '..' ? 'must not be "." or ".."' : null;
}

/** Characters are code points: an emoji counts once. */
export function longerThan(text: string, maxCharacters: number): boolean {
  if (text.length <= maxCharacters) return false;
  if (text.length > 2 * maxCharacters) return true;
  let count = 0;
  for (const _ of text) if (++count > maxCharacters) return true;
  return false;
}

function checked(problemOf: (text: string) => string | null): z.ZodString {
  return z.string().check((context) => {
    const message = problemOf(context.value);
    if (message) context.issues.push({ code: 'custom', message, input: context.value });
  });
}

/** `user_id`, `conversation_id`, `message_id`. */
export const id = checked(idProblem).meta({ minLength: 1, maxLength: MAX_ID_CHARS });

/** A speaker's name or a persona's: one line, at most as long as an id. */
export const label = checked(idProblem).meta({ minLength: 1, maxLength: MAX_ID_CHARS });

/** Text that somebody said or asks. */
export const content = checked((text) => {
  if (longerThan(text, MAX_CONTENT_CHARS)) return `must have at most ${MAX_CONTENT_CHARS} characters`;
  return text.trim() === '' ? 'must not be blank' : null;
}).meta({ minLength: 1, maxLength: MAX_CONTENT_CHARS });

/** What is wrong with a search query; null when nothing is. */
export function queryProblem(text: string): string | null {
  if (NUL_OR_LONE_SURROGATE.test(text)) return 'must not contain NUL or lone surrogates';
  return longerThan(text, MAX_CONTENT_CHARS) ? `must have at most ${MAX_CONTENT_CHARS} characters` : null;
}

/** A search query; blank means none. */
export const query = checked(queryProblem).meta({ maxLength: MAX_CONTENT_CHARS });

export const time = z
  .string()
  .transform((text, context) => {
    const date = parseRfc3339(text);
    if (date) return date;
    context.addIssue({
      code: 'custom',
      message: 'must be an RFC 3339 time with an offset, such as 2024-05-08T10:00:00Z',
    });
    return z.NEVER;
  })
  .meta({ format: 'date-time', description: 'RFC 3339 with an offset' });

/** What is wrong with the size or the depth of metadata; null when nothing is. */
export function metadataProblem(value: unknown): string | null {
  if (deeperThan(value, MAX_METADATA_DEPTH)) return `must not nest deeper than ${MAX_METADATA_DEPTH} levels`;
  return Buffer.byteLength(JSON.stringify(value)) > MAX_METADATA_BYTES
    ? `must take at most ${MAX_METADATA_BYTES} bytes as JSON`
    : null;
}

function deeperThan(root: unknown, levels: number): boolean {
  let level: unknown[] = [root];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > levels) return true;
    level = level.flatMap((value) =>
      typeof value === 'object' && value !== null ? Object.values(value) : [],
    );
  }
  return false;
}

function sized<T extends Record<string, unknown>>(schema: z.ZodType<T>): z.ZodType<T> {
  return schema.check((context) => {
    const message = metadataProblem(context.value);
    if (message) context.issues.push({ code: 'custom', message, input: context.value });
  });
}

export const metadata = sized(z.record(z.string(), z.unknown())).meta({
  description: `At most ${MAX_METADATA_BYTES} bytes as JSON`,
});

/** The orchestrator's metadata maps strings to strings. */
export const stringMetadata = sized(z.record(z.string(), z.string())).meta({
  description: `Strings to strings, at most ${MAX_METADATA_BYTES} bytes as JSON`,
});

/** A whole number in a query string. */
export function wholeNumber(least: number, most: number): z.ZodType<number> {
  const message = `must be a whole number between ${least} and ${most}`;
  return z
    .string(message)
    .transform((text, context) => {
      const value = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
      if (value >= least && value <= most) return value;
      context.addIssue({ code: 'custom', message });
      return z.NEVER;
    })
    .meta({ type: 'integer', minimum: least, maximum: most });
}

/** A whole number in a body. */
export function integer(least: number, most: number): z.ZodNumber {
  const message = `must be a whole number between ${least} and ${most}`;
  return z.number(message).int(message).min(least, message).max(most, message);
}

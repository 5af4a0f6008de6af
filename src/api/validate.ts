import type { z } from 'zod';
import type { FieldError } from '../domain/errors';

const MAX_SHOWN_KEY_CHARS = 100;

/** Checks a value against a schema: the parsed value, or what is wrong by the names the caller used. */
export function validate<T>(schema: z.ZodType<T>, value: unknown): { value: T } | { errors: FieldError[] } {
  const parsed = schema.safeParse(value);
  return parsed.success ? { value: parsed.data } : { errors: parsed.error.issues.flatMap(fieldErrorsOf) };
}

/** What a schema finds wrong. */
export type Issue = z.core.$ZodIssue;

function fieldErrorsOf(issue: Issue): FieldError[] {
  const path = issue.path.map((part) => String(part).slice(0, MAX_SHOWN_KEY_CHARS)).join('.');
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const shown = key.slice(0, MAX_SHOWN_KEY_CHARS);
      return { path: path === '' ? shown : `${path}.${shown}`, message: 'is not a field of this request' };
    });
  }
  return [{ path, message: messageOf(issue) }];
}

/** What is wrong, in the words of our answers. */
export function messageOf(issue: Issue): string {
  if (issue.code === 'invalid_type' && issue.message.endsWith('received undefined')) return 'is required';
  if (issue.code === 'invalid_value') return `must be one of ${issue.values.map(String).join(', ')}`;
  const mistyped = /^Invalid input: expected (\w+), received (\w+)$/.exec(issue.message);
  if (!mistyped) return issue.message;
  // A record is zod's word, not one of JSON's.
  return `must be of type ${mistyped[1] === 'record' ? 'object' : mistyped[1]}, not ${mistyped[2]}`;
}

import { z } from 'zod';
import { parseRfc3339 } from '../domain/rfc3339';
import { fieldErrors } from './problem';
import { id } from './schemas/fields';

/** Postgres writes `2024-05-08 10:00:00.123456+00`. */
const postgresTime = z
  .string()
  .refine((text) => parseRfc3339(text.replace(' ', 'T').replace(/([+-]\d{2})$/, '$1:00')));
const position = z.tuple([postgresTime, id]);

/** Where a page of conversations ended. */
export interface PagePosition {
  createdAtText: string;
  conversationId: string;
}

/** An opaque cursor of a place in a list. */
export function encodeCursor({ createdAtText, conversationId }: PagePosition): string {
  return Buffer.from(JSON.stringify([createdAtText, conversationId])).toString('base64url');
}

/** @throws DomainError 422 for a text that no page has given out */
export function decodeCursor(cursor: string): PagePosition {
  try {
    const text = Buffer.from(cursor, 'base64url').toString('utf8');
    const [createdAtText, conversationId] = position.parse(JSON.parse(text));
    return { createdAtText, conversationId };
  } catch {
    throw fieldErrors([
      { path: 'cursor', message: 'is not a cursor of this list; leave it out for the first page' },
    ]);
  }
}

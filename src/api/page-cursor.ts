import { z } from 'zod';
import { fieldErrors } from './problem';

const position = z.tuple([
  z.string().regex(/^\d{4,}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}(\.\d{1,6})?[+-]\d{2}(:\d{2})?$/),
  z.string().min(1).max(400),
]);

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
    const [createdAtText, conversationId] = position.parse(
      JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')),
    );
    return { createdAtText, conversationId };
  } catch {
    throw fieldErrors([
      { path: 'cursor', message: 'is not a cursor of this list; leave it out for the first page' },
    ]);
  }
}

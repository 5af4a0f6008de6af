import { DomainError } from '../domain/errors';
import type { ImportRef } from '../domain/import';
import type { IncomingMessage } from '../domain/message';
import { RECEIVING_LEASE_SECONDS, type Rejection } from './imports';
import { storedRow } from './messages';
import { retryDeadlocks, run, sqlState, type Queryable } from './pool';

/** SQLSTATE that accept_import_chunk raises when the import is cancelled, or its body was taken for cut. */
const NO_MORE_LINES_STATE = 'AM410';

/** One good line: the messages of one conversation, in order. Ids repeat neither within it nor within its chunk. */
export interface ChunkLine {
  line: number;
  userId: string;
  conversationId: string;
  messages: readonly IncomingMessage[];
  /** Messages of the line that repeat one before them, and are left out of `messages`. */
  ownDuplicates: number;
}

export interface ImportChunk {
  /** 1, 2, 3 … within the import. */
  number: number;
  lines: readonly ChunkLine[];
  rejections: readonly Rejection[];
  /** At the first line that is refused, store nothing of it or behind it. */
  abortAtRefusal: boolean;
}

/** A chunk as it is sent: made while the one before it is being stored. */
export interface EncodedChunk {
  number: number;
  values: unknown[];
}

/** What a chunk added to the import's totals. */
export interface ChunkOutcome {
  lines: number;
  accepted: number;
  duplicates: number;
  rejected: number;
  /** The first of the lines refused, by us or because an id was reused. */
  firstRejected: number | null;
}

const ACCEPT = {
  name: 'accept-import-chunk',
  text: 'SELECT * FROM accept_import_chunk($1, $2, $3, $4, $5, $6, $7, $8, $9)',
};

/**
 * Stores a chunk and counts it, in one round trip and one transaction; a chunk sent again is known by its number and changes nothing.
 * @returns null for a chunk that was stored before
 * @throws DomainError 409 when the import takes no more lines
 */
export async function acceptImportChunk(
  on: Queryable,
  { values }: EncodedChunk,
): Promise<ChunkOutcome | null> {
  try {
    return await retryDeadlocks(() => accept(on, values));
  } catch (thrown) {
    if (sqlState(thrown) !== NO_MORE_LINES_STATE) throw thrown;
    throw new DomainError(
      409,
      'Import closed',
      'The import was cancelled, or its body was taken for lost after a long silence. What it has stored stays; send the file again to complete it.',
      { cause: thrown },
    );
  }
}

async function accept(on: Queryable, values: unknown[]): Promise<ChunkOutcome | null> {
  const row = (
    await run<Omit<ChunkOutcome, 'firstRejected'> & { first_rejected: number | null }>(on, ACCEPT, values)
  ).rows[0];
  if (!row) return null;
  const { first_rejected: firstRejected, ...counts } = row;
  return { ...counts, firstRejected };
}

/** Makes a chunk ready to be sent. */
export function encodeChunk(ref: ImportRef, chunk: ImportChunk): EncodedChunk {
  const places = new Map<string, number>();
  const users: string[] = [];
  const conversations: string[] = [];
  const rows = chunk.lines.flatMap((line) => {
    // Ids hold no control characters, so that this joins without ambiguity.
    const name = `${line.userId}\n${line.conversationId}`;
    let place = places.get(name);
    if (place === undefined) {
      users.push(line.userId);
      place = conversations.push(line.conversationId);
      places.set(name, place);
    }
    return line.messages.map((message, nth) => ({
      l: line.line,
      c: place,
      d: nth === 0 && line.ownDuplicates > 0 ? line.ownDuplicates : undefined,
      ...storedRow(message),
    }));
  });
  const values = [
    ref.namespace,
    ref.importId,
    chunk.number,
    users,
    conversations,
    JSON.stringify(rows),
    JSON.stringify(chunk.rejections.map(({ line, reason }) => ({ l: line, reason }))),
    chunk.abortAtRefusal,
    RECEIVING_LEASE_SECONDS,
  ];
  return { number: chunk.number, values };
}

const COUNTED = {
  name: 'read-occurrences',
  text: `SELECT digest, times FROM import_occurrences WHERE namespace = $1 AND import_id = $2 AND digest = ANY ($3)`,
};
const COUNT = {
  name: 'write-occurrences',
  text: `INSERT INTO import_occurrences (namespace, import_id, digest, times)
         SELECT $1, $2, c.digest, c.times FROM unnest($3::uuid[], $4::bigint[]) AS c (digest, times) ORDER BY c.digest
         ON CONFLICT (namespace, import_id, digest) DO UPDATE SET times = excluded.times`,
};

/** How often a body has held these messages, as far as that was spilled. */
export async function readOccurrences(
  on: Queryable,
  ref: ImportRef,
  digests: readonly string[],
): Promise<Map<string, number>> {
  const rows = await run<{ digest: string; times: number }>(on, COUNTED, [
    ref.namespace,
    ref.importId,
    digests,
  ]);
  return new Map(rows.rows.map((row) => [row.digest, row.times]));
}

/** Spills counts; later ones replace earlier ones. */
export async function writeOccurrences(
  on: Queryable,
  ref: ImportRef,
  times: ReadonlyMap<string, number>,
): Promise<void> {
  await run(on, COUNT, [ref.namespace, ref.importId, [...times.keys()], [...times.values()]]);
}

import type { ConversationRef, IncomingMessage, Role, Turn } from '../domain/message';
import { DomainError } from '../domain/errors';
import { isWithdrawn } from './memories';
import { run, sqlState, type Queryable } from './pool';

/** SQLSTATE that accept_messages raises when an id is reused with other content. */
const REUSED_ID_STATE = 'AM409';

/** What became of one message of a request. */
export interface AcceptedMessage {
  seq: number;
  duplicate: boolean;
}

/** `first_seq` alone when every message was new; else the seq of each, and whether it was known. */
interface AcceptRow {
  first_seq: number | null;
  seqs: (number | string)[] | null;
  duplicates: boolean[] | null;
}

const ACCEPT = {
  name: 'accept-messages',
  text: 'SELECT first_seq, seqs, duplicates FROM accept_messages($1, $2, $3, $4, $5, $6)',
};

/**
 * Stores messages in order and allots their seqs, in one round trip and one transaction; known ones are duplicates.
 * @param heldBy the import whose messages Temporal is not to be told of yet
 * @returns one entry a message, in the order given
 * @throws DomainError 409 when an id is known with other content; nothing is stored then
 */
export async function acceptMessages(
  on: Queryable,
  ref: ConversationRef,
  messages: readonly IncomingMessage[],
  heldBy: string | null = null,
): Promise<AcceptedMessage[]> {
  try {
    const result = await run<AcceptRow>(on, ACCEPT, [
      ref.namespace,
      ref.userId,
      ref.conversationId,
      messages.map((message) => message.messageId),
      JSON.stringify(messages.map(storedRow)),
      heldBy,
    ]);
    return acceptedOf(messages, result.rows[0]!);
  } catch (thrown) {
    if (sqlState(thrown) === REUSED_ID_STATE)
      throw reusedIds(thrown as Error & { detail?: string }, messages);
    throw thrown;
  }
}

/** The messages of one request, which belong to one conversation. */
export interface AcceptRequest {
  ref: ConversationRef;
  messages: readonly IncomingMessage[];
}

const ACCEPT_REQUESTS = {
  name: 'accept-requests',
  text: 'SELECT place, busy, first_seq, seqs, duplicates FROM accept_requests($1)',
};

/**
 * Stores the messages of several requests as {@link acceptMessages} does, in one round trip and one transaction.
 * @returns in the order given; null where another transaction holds the conversation: nothing was stored for it
 * @throws what {@link acceptMessages} throws for any of them, as Postgres says it; nothing is stored for any then
 */
export async function acceptRequests(
  on: Queryable,
  requests: readonly AcceptRequest[],
): Promise<(AcceptedMessage[] | null)[]> {
  const values = requests.map(({ ref, messages }) => ({
    namespace: ref.namespace,
    user_id: ref.userId,
    conversation_id: ref.conversationId,
    ids: messages.map((message) => message.messageId),
    rows: messages.map(storedRow),
  }));
  const result = await run<AcceptRow & { place: number; busy: boolean }>(on, ACCEPT_REQUESTS, [
    JSON.stringify(values),
  ]);
  const accepted: (AcceptedMessage[] | null)[] = requests.map(() => null);
  for (const row of result.rows)
    if (!row.busy) accepted[row.place] = acceptedOf(requests[row.place]!.messages, row);
  return accepted;
}

/** A message as the functions that store it read it; what it does not have is left out. */
export function storedRow(message: IncomingMessage): Record<string, unknown> {
  return {
    message_id: message.messageId,
    role: message.role,
    name: message.name ?? undefined,
    content: message.content,
    said_at: message.timestamp ?? undefined,
    metadata: Object.keys(message.metadata).length > 0 ? message.metadata : undefined,
    forced_persona: message.forcedPersona ?? undefined,
    active_personas: message.activePersonas?.length ? message.activePersonas : undefined,
  };
}

function acceptedOf(
  messages: readonly IncomingMessage[],
  { first_seq: firstSeq, seqs, duplicates }: AcceptRow,
): AcceptedMessage[] {
  return messages.map((_, place) =>
    firstSeq === null
      ? { seq: Number(seqs![place]), duplicate: duplicates![place]! }
      : { seq: firstSeq + place, duplicate: false },
  );
}

function reusedIds(error: Error & { detail?: string }, messages: readonly IncomingMessage[]): DomainError {
  const places = (error.detail ?? '').split(',').map(Number);
  const path = (place: number): string =>
    messages.length === 1 ? 'message_id' : `messages.${place}.message_id`;
  return new DomainError(
    409,
    'Message id reused',
    'A message_id is already known in this conversation with another role, name, content or timestamp. Nothing of this request was stored. Use a new message_id, or send the same message again.',
    {
      cause: error,
      errors: places.map((place) => ({ path: path(place), message: 'is already known with other content' })),
    },
  );
}

/** A turn's row, as every reader of turns selects it. */
export interface TurnRow {
  seq: number;
  message_id: string;
  role: Role;
  name: string | null;
  content: string;
  said_at: Date | null;
  stored_at: Date;
  metadata: Record<string, unknown>;
  forced_persona: string | null;
  active_personas: string[] | null;
}

export const TURN_COLUMNS = `seq, message_id, role, name, content, said_at, stored_at, metadata, forced_persona, active_personas`;

const READ_RANGE = {
  name: 'read-range',
  text: `SELECT ${TURN_COLUMNS} FROM messages
          WHERE namespace = $1 AND user_id = $2 AND conversation_id = $3 AND seq BETWEEN $4 AND $5 ORDER BY seq`,
};

/** The turns `firstSeq` to `lastSeq`, in order. */
export async function readTurns(
  on: Queryable,
  ref: ConversationRef,
  firstSeq: number,
  lastSeq: number,
): Promise<Turn[]> {
  const values = [ref.namespace, ref.userId, ref.conversationId, firstSeq, lastSeq];
  const result = await run<TurnRow>(on, READ_RANGE, values);
  return result.rows.map(turnFromRow);
}

// Each message looks at the one raw memory that it may be in: a step in memories_by_range.
const READ_BACKWARDS = {
  name: 'read-backwards',
  text: `SELECT m.seq, m.message_id, m.role, m.name, m.content, m.said_at, m.stored_at, m.metadata, m.forced_persona, m.active_personas
           FROM messages m
           LEFT JOIN LATERAL (
             SELECT last_seq, deleted_at, expires_at FROM memories
              WHERE namespace = $1 AND user_id = $2 AND conversation_id = $3 AND tier = 'raw' AND first_seq <= m.seq
              ORDER BY first_seq DESC LIMIT 1) d ON d.last_seq >= m.seq
          WHERE m.namespace = $1 AND m.user_id = $2 AND m.conversation_id = $3
            AND ($4::bigint IS NULL OR m.seq < $4)
            AND (d.deleted_at IS NOT NULL OR d.expires_at <= clock_timestamp()) IS NOT TRUE
          ORDER BY m.seq DESC LIMIT $5`,
};

/**
 * The last turns of a conversation before `beforeSeq` (null: the last there are), oldest first, as they were said;
 * without those whose memory was deleted or has expired.
 */
export async function readTurnsBefore(
  on: Queryable,
  ref: ConversationRef,
  beforeSeq: number | null,
  limit: number,
): Promise<Turn[]> {
  const values = [ref.namespace, ref.userId, ref.conversationId, beforeSeq, limit];
  const result = await run<TurnRow>(on, READ_BACKWARDS, values);
  return result.rows.map(turnFromRow).reverse();
}

export function turnFromRow(row: TurnRow): Turn {
  return {
    seq: row.seq,
    messageId: row.message_id,
    role: row.role,
    name: row.name,
    content: row.content,
    timestamp: row.said_at,
    storedAt: row.stored_at,
    metadata: row.metadata,
    forcedPersona: row.forced_persona,
    ...(row.active_personas ? { activePersonas: row.active_personas } : {}),
  };
}

const KNOWN = {
  name: 'known-messages',
  text: `SELECT message_id FROM messages
          WHERE namespace = $1 AND user_id = $2 AND conversation_id = $3 AND message_id = ANY ($4)`,
};

/** Which of these message ids are stored already: a look before work that a duplicate would waste. */
export async function knownMessageIds(
  on: Queryable,
  ref: ConversationRef,
  messageIds: readonly string[],
): Promise<Set<string>> {
  const values = [ref.namespace, ref.userId, ref.conversationId, messageIds];
  const result = await run<{ message_id: string }>(on, KNOWN, values);
  return new Set(result.rows.map((row) => row.message_id));
}

// LIMIT keeps the planner at one step in the key's index a message, however many there are.
const STORED_AMONG = {
  name: 'stored-among',
  text: `SELECT (n.nth - 1)::integer AS place
           FROM unnest($2::text[], $3::text[], $4::text[]) WITH ORDINALITY AS n (user_id, conversation_id, message_id, nth)
          CROSS JOIN LATERAL (
            SELECT 1 FROM messages m
             WHERE m.namespace = $1 AND m.user_id = n.user_id AND m.conversation_id = n.conversation_id
               AND m.message_id = n.message_id LIMIT 1) AS known`,
};

/** The places, from 0, of those messages of any users that are stored already. */
export async function storedAmong(
  on: Queryable,
  namespace: string,
  messages: readonly { userId: string; conversationId: string; messageId: string }[],
): Promise<Set<number>> {
  const result = await run<{ place: number }>(on, STORED_AMONG, [
    namespace,
    messages.map((message) => message.userId),
    messages.map((message) => message.conversationId),
    messages.map((message) => message.messageId),
  ]);
  return new Set(result.rows.map((row) => row.place));
}

const WITHDRAWN = {
  name: 'withdrawn-messages',
  text: `SELECT s.message_id FROM messages s
           JOIN memories m ON m.namespace = $1 AND m.user_id = $2 AND m.conversation_id = $3 AND m.tier = 'raw'
            AND m.first_seq <= s.seq AND m.last_seq >= s.seq
            AND ${isWithdrawn('m')}
          WHERE s.namespace = $1 AND s.user_id = $2 AND s.conversation_id = $3 AND s.message_id = ANY ($4)`,
};

/** Which of these messages are no longer recalled as they were said: their memory was deleted, rewritten, or expired. */
export async function withdrawnMessageIds(
  on: Queryable,
  ref: ConversationRef,
  messageIds: readonly string[],
): Promise<Set<string>> {
  const values = [ref.namespace, ref.userId, ref.conversationId, messageIds];
  const result = await run<{ message_id: string }>(on, WITHDRAWN, values);
  return new Set(result.rows.map((row) => row.message_id));
}

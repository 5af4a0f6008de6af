import type { ConversationRef } from '../domain/message';
import type { IngestionPolicy, RetrievalPolicy } from '../domain/policy';
import { run, type Queryable } from './pool';

/** A conversation's cursors and its own policy (what was changed against the defaults). */
export interface ConversationState {
  eraseEpoch: number;
  appendedThrough: number;
  /** Last seq that Temporal is to be told of. */
  dueThrough: number;
  announcedThrough: number;
  plannedThrough: number;
  indexedThrough: number;
  ingestionPolicy: Partial<IngestionPolicy>;
  retrievalPolicy: Partial<RetrievalPolicy>;
}

/** A conversation's row, as whoever reads its state selects it. */
export interface StateRow {
  erase_epoch: number;
  appended_through: number;
  due_through: number;
  announced_through: number;
  planned_through: number;
  indexed_through: number;
  ingestion_policy: Partial<IngestionPolicy>;
  retrieval_policy: Partial<RetrievalPolicy>;
}

export const STATE_COLUMNS = `erase_epoch, appended_through, due_through, announced_through, planned_through, indexed_through,
                       ingestion_policy, retrieval_policy`;
const WHERE_REF = 'WHERE namespace = $1 AND user_id = $2 AND conversation_id = $3';

const STATE = { name: 'conversation-state', text: `SELECT ${STATE_COLUMNS} FROM conversations ${WHERE_REF}` };
const LOCK = {
  name: 'lock-conversation',
  text: `SELECT ${STATE_COLUMNS} FROM conversations ${WHERE_REF} FOR UPDATE`,
};
const ENSURE = { name: 'ensure-conversation', text: 'SELECT ensure_conversation($1, $2, $3)' };

/** Null for an unknown conversation. */
export async function conversationState(
  on: Queryable,
  ref: ConversationRef,
): Promise<ConversationState | null> {
  return readState(on, ref, STATE);
}

/** Takes the conversation's lock until the transaction ends. Null for an unknown conversation. */
export async function lockConversation(
  on: Queryable,
  ref: ConversationRef,
): Promise<ConversationState | null> {
  return readState(on, ref, LOCK);
}

/** Makes the conversation (and its user) if it is missing. */
export async function ensureConversation(on: Queryable, ref: ConversationRef): Promise<void> {
  await run(on, ENSURE, values(ref));
}

async function readState(
  on: Queryable,
  ref: ConversationRef,
  statement: { name: string; text: string },
): Promise<ConversationState | null> {
  const row = (await run<StateRow>(on, statement, values(ref))).rows[0];
  return row ? stateFromRow(row) : null;
}

export function stateFromRow(row: StateRow): ConversationState {
  return {
    eraseEpoch: row.erase_epoch,
    appendedThrough: row.appended_through,
    dueThrough: row.due_through,
    announcedThrough: row.announced_through,
    plannedThrough: row.planned_through,
    indexedThrough: row.indexed_through,
    ingestionPolicy: row.ingestion_policy,
    retrievalPolicy: row.retrieval_policy,
  };
}

const SET_POLICY = {
  name: 'set-policy',
  text: `UPDATE conversations SET ingestion_policy = $4, retrieval_policy = $5,
                announced_through = CASE WHEN ingestion_policy <> $4 THEN least(announced_through, planned_through)
                                         ELSE announced_through END ${WHERE_REF}`,
};

/**
 * Replaces the conversation's own policy. What is pending counts as announced again only when Temporal has heard of the
 * change: if whoever is to tell it dies first, the sweep does.
 */
export async function setConversationPolicy(
  on: Queryable,
  ref: ConversationRef,
  ingestion: Partial<IngestionPolicy>,
  retrieval: Partial<RetrievalPolicy>,
): Promise<void> {
  await run(on, SET_POLICY, [...values(ref), JSON.stringify(ingestion), JSON.stringify(retrieval)]);
}

const ANNOUNCED = {
  name: 'mark-announced',
  text: `WITH told AS MATERIALIZED (
           SELECT c.namespace, c.user_id, c.conversation_id, t.through_seq
             FROM jsonb_to_recordset($1) AS t (namespace text, user_id text, conversation_id text, through_seq bigint)
             JOIN conversations c USING (namespace, user_id, conversation_id)
            WHERE c.announced_through < t.through_seq
            ORDER BY 1, 2, 3 FOR UPDATE OF c SKIP LOCKED)
         UPDATE conversations c SET announced_through = greatest(c.announced_through, least(t.through_seq, c.due_through))
           FROM told t
          WHERE (c.namespace, c.user_id, c.conversation_id) = (t.namespace, t.user_id, t.conversation_id)
            AND c.announced_through < t.through_seq`,
};

/**
 * Notes what Temporal has acknowledged, for many conversations at once. One that is busy is left out rather than waited
 * for while the others are locked: its plan will note the same, and the sweep's repetition is harmless.
 */
export async function markAnnounced(
  on: Queryable,
  items: readonly { ref: ConversationRef; throughSeq: number }[],
): Promise<void> {
  const rows = items.map(({ ref, throughSeq }) => ({
    namespace: ref.namespace,
    user_id: ref.userId,
    conversation_id: ref.conversationId,
    through_seq: throughSeq,
  }));
  await run(on, ANNOUNCED, [JSON.stringify(rows)]);
}

/** A conversation that Temporal has to be told of (again). */
export interface Unannounced {
  ref: ConversationRef;
  dueThrough: number;
}

const MISSED = {
  name: 'missed-announcements',
  text: `(SELECT namespace, user_id, conversation_id, due_through, updated_at FROM conversations
           WHERE NOT settled AND announced_through < due_through AND updated_at < clock_timestamp() - $1 * interval '1 ms'
           ORDER BY updated_at LIMIT $3)
         UNION
         (SELECT c.namespace, c.user_id, c.conversation_id, c.due_through, c.updated_at FROM conversations c
           WHERE NOT c.settled
             AND NOT (c.considered_through >= c.due_through AND c.planned_through = c.indexed_through)
             AND c.updated_at < clock_timestamp() - $2 * interval '1 ms'
               - coalesce((c.ingestion_policy ->> 'flushIntervalMs')::bigint, $4) * interval '1 ms'
           ORDER BY c.updated_at LIMIT $3)
         ORDER BY updated_at LIMIT $3`,
};

/**
 * Conversations whose announcement was missed for `missedAfterMs`, and those that stand still for `stuckAfterMs` longer
 * than their flush window although Temporal acknowledged them (a run terminated by hand, a lost Temporal store).
 * Buffers that are merely waiting for their window, or for more of their import, are neither.
 */
export async function missedAnnouncements(
  on: Queryable,
  limits: { missedAfterMs: number; stuckAfterMs: number; limit: number; defaultFlushIntervalMs: number },
): Promise<Unannounced[]> {
  const result = await run<{
    namespace: string;
    user_id: string;
    conversation_id: string;
    due_through: number;
  }>(on, MISSED, [limits.missedAfterMs, limits.stuckAfterMs, limits.limit, limits.defaultFlushIntervalMs]);
  return result.rows.map((row) => ({
    ref: { namespace: row.namespace, userId: row.user_id, conversationId: row.conversation_id },
    dueThrough: row.due_through,
  }));
}

const CONSIDERED = {
  name: 'note-considered',
  text: `UPDATE conversations SET considered_through = greatest(considered_through, $4) ${WHERE_REF}`,
};

/** Notes that a planning has looked at imported messages up to here, and left a tail open for more of their import. */
export async function noteConsidered(on: Queryable, ref: ConversationRef, throughSeq: number): Promise<void> {
  await run(on, CONSIDERED, [...values(ref), throughSeq]);
}

const TOUCH = {
  name: 'touch-conversations',
  text: `WITH chosen AS MATERIALIZED (
           SELECT c.namespace, c.user_id, c.conversation_id
             FROM jsonb_to_recordset($1) AS t (namespace text, user_id text, conversation_id text)
             JOIN conversations c USING (namespace, user_id, conversation_id)
            ORDER BY 1, 2, 3 FOR UPDATE OF c SKIP LOCKED)
         UPDATE conversations c SET updated_at = clock_timestamp() FROM chosen t
          WHERE (c.namespace, c.user_id, c.conversation_id) = (t.namespace, t.user_id, t.conversation_id)`,
};

/** Notes that these conversations were looked after just now. */
export async function touchConversations(on: Queryable, refs: readonly ConversationRef[]): Promise<void> {
  const rows = refs.map((ref) => ({
    namespace: ref.namespace,
    user_id: ref.userId,
    conversation_id: ref.conversationId,
  }));
  await run(on, TOUCH, [JSON.stringify(rows)]);
}

const LIST = {
  name: 'list-conversations',
  text: `SELECT conversation_id, appended_through, indexed_through, created_at, updated_at,
                created_at::text AS created_at_text FROM conversations
          WHERE namespace = $1 AND user_id = $2
            AND ($4::timestamptz IS NULL OR (created_at, conversation_id) < ($4, $5))
          ORDER BY created_at DESC, conversation_id DESC LIMIT $3`,
};

export interface ListedConversation {
  conversationId: string;
  appendedThrough: number;
  indexedThrough: number;
  createdAt: Date;
  updatedAt: Date;
  /** Postgres' own text of created_at: microseconds do not fit a JavaScript Date, and a cursor must not skip. */
  createdAtText: string;
}

/** A user's conversations, the newest first, after `after` (the last one of the page before). */
export async function listConversations(
  on: Queryable,
  owner: { namespace: string; userId: string },
  limit: number,
  after: { createdAtText: string; conversationId: string } | null,
): Promise<ListedConversation[]> {
  const result = await run<{
    conversation_id: string;
    appended_through: number;
    indexed_through: number;
    created_at: Date;
    updated_at: Date;
    created_at_text: string;
  }>(on, LIST, [
    owner.namespace,
    owner.userId,
    limit,
    after?.createdAtText ?? null,
    after?.conversationId ?? null,
  ]);
  return result.rows.map((row) => ({
    conversationId: row.conversation_id,
    appendedThrough: row.appended_through,
    indexedThrough: row.indexed_through,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    createdAtText: row.created_at_text,
  }));
}

const UNSETTLED = {
  name: 'unsettled-conversations',
  text: `SELECT conversation_id FROM conversations
          WHERE namespace = $1 AND user_id = $2 AND NOT settled ORDER BY conversation_id LIMIT $3`,
};

/** A user's conversations with messages that are due and neither indexed nor failed yet; at most `limit`. */
export async function unsettledConversations(
  on: Queryable,
  owner: { namespace: string; userId: string },
  limit: number,
): Promise<string[]> {
  const listed = [owner.namespace, owner.userId, limit];
  const result = await run<{ conversation_id: string }>(on, UNSETTLED, listed);
  return result.rows.map((row) => row.conversation_id);
}

function values(ref: ConversationRef): string[] {
  return [ref.namespace, ref.userId, ref.conversationId];
}

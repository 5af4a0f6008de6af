import type { Injection } from '../domain/memory';
import type { ConversationRef } from '../domain/message';
import { progressKey } from './batches';
import { LIVE_MEMORY } from './memories';
import { run, type Queryable } from './pool';

/** An injection as stored: with what it was made from, so that the same thing in another form counts as the same. */
export interface StoredInjection {
  seq: number;
  injection: Injection;
  sourceConversationId: string | null;
  sourceMessageIds: string[];
  /** Of a summary: the memories it says something of. */
  citedMemoryIds: string[];
}

interface InjectionRow {
  seq: number;
  memory_id: string;
  content: string;
  source: Injection['source'];
  channel: string;
  score: number;
  metadata: Injection['metadata'];
  source_conversation_id: string | null;
  source_message_ids: string[];
  cited_memory_ids: string[];
}

const COLUMNS = `seq, memory_id, content, source, channel, score, metadata, source_conversation_id, source_message_ids,
  cited_memory_ids`;

/** Postgres channel on which new injections of a conversation are told; the payload is its `progressKey`. */
export const INJECTIONS_CHANNEL = 'conversation_injections';

// A memory that was found before the lock may be gone by now; one that is locked here goes after us, with what it was
// injected into.
const LIVE_OF = {
  name: 'injectable-memories',
  text: `SELECT id FROM memories WHERE namespace = $1 AND user_id = $2 AND id = ANY ($3) AND ${LIVE_MEMORY}
          ORDER BY id FOR SHARE`,
};

/**
 * Locks memories that are about to be injected until the transaction ends, so that none is deleted in between.
 * @returns those that can be recalled
 */
export async function lockInjectable(
  on: Queryable,
  ref: ConversationRef,
  memoryIds: readonly string[],
): Promise<Set<string>> {
  const result = await run<{ id: string }>(on, LIVE_OF, [ref.namespace, ref.userId, memoryIds]);
  return new Set(result.rows.map((row) => row.id));
}

const SAVE = {
  name: 'save-injections',
  text: `WITH saved AS (
         INSERT INTO injections (namespace, user_id, conversation_id, seq, ordinal, memory_id, content, source, channel,
                                 score, metadata, source_conversation_id, source_message_ids, cited_memory_ids)
         SELECT $1, $2, $3, i.seq, i.ordinal, i.memory_id, i.content, i.source, i.channel, i.score, i.metadata,
                i.source_conversation_id, i.source_message_ids, i.cited_memory_ids
           FROM jsonb_to_recordset($4) AS i (seq bigint, ordinal integer, memory_id uuid, content text, source text,
                channel text, score double precision, metadata jsonb, source_conversation_id text, source_message_ids text[],
                cited_memory_ids uuid[])
         RETURNING 1)
         SELECT pg_notify($5, $6) FROM saved LIMIT 1`,
};

/**
 * Stores what messages are answered with, and tells the streams of the conversation once that is committed; to be
 * called in the transaction that stores the messages.
 */
export async function saveInjections(
  on: Queryable,
  ref: ConversationRef,
  injections: readonly StoredInjection[],
): Promise<void> {
  const ordinals = new Map<number, number>();
  const rows = injections.map(
    ({ seq, injection, sourceConversationId, sourceMessageIds, citedMemoryIds }) => {
      const ordinal = ordinals.get(seq) ?? 0;
      ordinals.set(seq, ordinal + 1);
      return {
        seq,
        ordinal,
        memory_id: injection.memoryId,
        content: injection.content,
        source: injection.source,
        channel: injection.channel,
        score: injection.score,
        metadata: injection.metadata,
        source_conversation_id: sourceConversationId,
        source_message_ids: sourceMessageIds,
        cited_memory_ids: citedMemoryIds,
      };
    },
  );
  await run(on, SAVE, [
    ref.namespace,
    ref.userId,
    ref.conversationId,
    JSON.stringify(rows),
    INJECTIONS_CHANNEL,
    progressKey(ref),
  ]);
}

const OF_SEQS = {
  name: 'injections-of-seqs',
  text: `SELECT ${COLUMNS} FROM injections
          WHERE namespace = $1 AND user_id = $2 AND conversation_id = $3 AND seq = ANY ($4) ORDER BY seq, ordinal`,
};

/** What these messages were answered with, in order. */
export async function injectionsOf(
  on: Queryable,
  ref: ConversationRef,
  seqs: readonly number[],
): Promise<StoredInjection[]> {
  const result = await run<InjectionRow>(on, OF_SEQS, [ref.namespace, ref.userId, ref.conversationId, seqs]);
  return result.rows.map(fromRow);
}

const RECENT = {
  name: 'recent-injections',
  text: `SELECT ${COLUMNS} FROM injections
          WHERE namespace = $1 AND user_id = $2 AND conversation_id = $3 AND seq > $4 ORDER BY seq, ordinal`,
};

/** Everything injected into a conversation after `afterSeq`. */
export async function injectionsAfter(
  on: Queryable,
  ref: ConversationRef,
  afterSeq: number,
): Promise<StoredInjection[]> {
  const result = await run<InjectionRow>(on, RECENT, [
    ref.namespace,
    ref.userId,
    ref.conversationId,
    afterSeq,
  ]);
  return result.rows.map(fromRow);
}

const MARK_DEGRADED = {
  name: 'mark-degraded',
  text: `UPDATE messages SET degraded = $5
          WHERE namespace = $1 AND user_id = $2 AND conversation_id = $3 AND seq = ANY ($4)`,
};

/** Notes that these messages were answered without `parts`. */
export async function markDegraded(
  on: Queryable,
  ref: ConversationRef,
  seqs: readonly number[],
  parts: readonly string[],
): Promise<void> {
  await run(on, MARK_DEGRADED, [ref.namespace, ref.userId, ref.conversationId, seqs, parts]);
}

const DEGRADED_OF = {
  name: 'degraded-of-seqs',
  text: `SELECT seq, degraded FROM messages
          WHERE namespace = $1 AND user_id = $2 AND conversation_id = $3 AND seq = ANY ($4) AND degraded <> '{}'`,
};

/** Which of these messages were answered without some part, and which. */
export async function degradedOf(
  on: Queryable,
  ref: ConversationRef,
  seqs: readonly number[],
): Promise<Map<number, string[]>> {
  const values = [ref.namespace, ref.userId, ref.conversationId, seqs];
  const result = await run<{ seq: number; degraded: string[] }>(on, DEGRADED_OF, values);
  return new Map(result.rows.map((row) => [row.seq, row.degraded]));
}

function fromRow(row: InjectionRow): StoredInjection {
  return {
    seq: row.seq,
    injection: {
      memoryId: row.memory_id,
      content: row.content,
      source: row.source,
      channel: row.channel,
      score: row.score,
      metadata: row.metadata,
    },
    sourceConversationId: row.source_conversation_id,
    sourceMessageIds: row.source_message_ids,
    citedMemoryIds: row.cited_memory_ids,
  };
}

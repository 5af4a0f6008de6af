import type { Memory } from '../domain/memory';
import type { ConversationRef } from '../domain/message';
import { run, type Queryable } from './pool';

/** A memory's row, as every reader of memories selects it. */
export interface MemoryRow {
  namespace: string;
  user_id: string;
  id: string;
  tier: Memory['tier'];
  layer: Memory['layer'];
  type: Memory['type'];
  content: string;
  conversation_id: string | null;
  first_seq: number | null;
  last_seq: number | null;
  source_message_ids: string[];
  importance: number;
  persona_tags: string[];
  emotional_signature: Memory['emotionalSignature'];
  metadata: Record<string, unknown>;
  created_at: Date;
  stored_at: Date;
  content_edited: boolean;
}

const SAVED_COLUMNS = `namespace, user_id, id, tier, layer, type, content, conversation_id, first_seq, last_seq,
  source_message_ids, importance, persona_tags, emotional_signature, metadata, created_at, stored_at`;

export const MEMORY_COLUMNS = `${SAVED_COLUMNS}, content_edited`;

/** What "can be recalled" means, wherever memories are read: cleanup may run later. */
export const LIVE_MEMORY = `deleted_at IS NULL AND superseded_by IS NULL AND (expires_at IS NULL OR expires_at > clock_timestamp())`;

/**
 * SQL for "what this memory was made of no longer counts as it was said": it was deleted, has expired or was rewritten by
 * hand. Of a memories row with this alias; true or false, never null.
 */
export function isWithdrawn(alias: string): string {
  return `((${alias}.deleted_at IS NOT NULL OR ${alias}.content_edited OR ${alias}.expires_at <= clock_timestamp()) IS TRUE)`;
}

export function memoryFromRow(row: MemoryRow): Memory {
  return {
    namespace: row.namespace,
    userId: row.user_id,
    id: row.id,
    tier: row.tier,
    layer: row.layer,
    type: row.type,
    content: row.content,
    conversationId: row.conversation_id,
    firstSeq: row.first_seq,
    lastSeq: row.last_seq,
    sourceMessageIds: row.source_message_ids,
    importance: row.importance,
    personaTags: row.persona_tags,
    emotionalSignature: row.emotional_signature,
    metadata: row.metadata,
    createdAt: row.created_at,
    storedAt: row.stored_at,
    ...(row.content_edited ? { contentEdited: true as const } : {}),
  };
}

/** Of $1 (namespace), $2 (user) and $3 (JSON rows of {@link savedRow}). */
export const INSERT_MEMORIES = `INSERT INTO memories (${SAVED_COLUMNS})
  SELECT $1, $2, m.id, m.tier, m.layer, m.type, m.content, m.conversation_id, m.first_seq, m.last_seq,
         m.source_message_ids, m.importance, m.persona_tags, m.emotional_signature, m.metadata, m.created_at, m.stored_at
    FROM jsonb_to_recordset($3) AS m (id uuid, tier text, layer text, type text, content text, conversation_id text,
         first_seq bigint, last_seq bigint, source_message_ids text[], importance double precision,
         persona_tags text[], emotional_signature jsonb, metadata jsonb, created_at timestamptz, stored_at timestamptz)
   -- Of a user who was erased and is back: a raw memory without its plan is one of before.
   WHERE m.tier <> 'raw' OR NOT EXISTS (
         SELECT 1 FROM users u WHERE u.namespace = $1 AND u.user_id = $2 AND u.erase_epoch > 0)
      OR EXISTS (
         SELECT 1 FROM batches b
          WHERE b.namespace = $1 AND b.user_id = $2 AND b.conversation_id = m.conversation_id
            AND b.first_seq = m.first_seq AND b.memory_id = m.id)
  ON CONFLICT (namespace, user_id, id) DO NOTHING`;
const SAVE = { name: 'save-memories', text: INSERT_MEMORIES };

/** A memory's row for INSERT_MEMORIES. */
export function savedRow(memory: Memory): Record<string, unknown> {
  return {
    id: memory.id,
    tier: memory.tier,
    layer: memory.layer,
    type: memory.type,
    content: memory.content,
    conversation_id: memory.conversationId,
    first_seq: memory.firstSeq,
    last_seq: memory.lastSeq,
    source_message_ids: memory.sourceMessageIds,
    importance: memory.importance,
    persona_tags: memory.personaTags,
    emotional_signature: memory.emotionalSignature,
    metadata: memory.metadata,
    created_at: memory.createdAt,
    stored_at: memory.storedAt,
  };
}

/**
 * Stores memories of one user; one that is there already (a retry) stays as it is, deleted or not.
 * @returns how many were new
 */
export async function saveMemories(
  on: Queryable,
  owner: { namespace: string; userId: string },
  memories: readonly Memory[],
): Promise<number> {
  const rows = JSON.stringify(memories.map(savedRow));
  const result = await run(on, SAVE, [owner.namespace, owner.userId, rows]);
  return result.rowCount ?? 0;
}

const GET = {
  name: 'get-memory',
  text: `SELECT ${MEMORY_COLUMNS} FROM memories WHERE namespace = $1 AND user_id = $2 AND id = $3 AND ${LIVE_MEMORY}`,
};

/** Null when there is none, it is another user's, or it cannot be recalled any more. */
export async function getMemory(
  on: Queryable,
  owner: { namespace: string; userId: string },
  id: string,
): Promise<Memory | null> {
  const row = (await run<MemoryRow>(on, GET, [owner.namespace, owner.userId, id])).rows[0];
  return row ? memoryFromRow(row) : null;
}

const IS_STORED = {
  name: 'memory-is-stored',
  text: 'SELECT 1 FROM memories WHERE namespace = $1 AND user_id = $2 AND id = $3',
};

/** Whether there is or was a memory with this id, which can be recalled or not. */
export async function isStoredMemory(
  on: Queryable,
  owner: { namespace: string; userId: string },
  id: string,
): Promise<boolean> {
  return (await run(on, IS_STORED, [owner.namespace, owner.userId, id])).rowCount !== 0;
}

const GET_MANY = {
  name: 'get-memories',
  text: `SELECT ${MEMORY_COLUMNS} FROM memories WHERE namespace = $1 AND user_id = $2 AND id = ANY ($3) AND ${LIVE_MEMORY}`,
};

/** Those of these memories that can be recalled, in no order. */
export async function getMemories(
  on: Queryable,
  owner: { namespace: string; userId: string },
  ids: readonly string[],
): Promise<Memory[]> {
  if (ids.length === 0) return [];
  const result = await run<MemoryRow>(on, GET_MANY, [owner.namespace, owner.userId, ids]);
  return result.rows.map(memoryFromRow);
}

const OF_SEQS = {
  name: 'memories-of-seqs',
  text: `SELECT ${MEMORY_COLUMNS} FROM memories
          WHERE namespace = $1 AND user_id = $2 AND ${LIVE_MEMORY} AND id IN (
                SELECT b.memory_id FROM batches b
                 WHERE b.namespace = $1 AND b.user_id = $2 AND b.conversation_id = $3 AND b.status = 'indexed'
                   AND b.first_seq <= $5 AND b.last_seq >= $4
                   AND EXISTS (SELECT 1 FROM unnest($6::bigint[]) AS s (seq) WHERE s.seq BETWEEN b.first_seq AND b.last_seq))
          ORDER BY first_seq`,
};

/** The raw memories that hold these messages, in order. */
export async function memoriesOfMessages(
  on: Queryable,
  ref: ConversationRef,
  seqs: readonly number[],
): Promise<Memory[]> {
  const result = await run<MemoryRow>(on, OF_SEQS, [
    ref.namespace,
    ref.userId,
    ref.conversationId,
    Math.min(...seqs),
    Math.max(...seqs),
    seqs,
  ]);
  return result.rows.map(memoryFromRow);
}

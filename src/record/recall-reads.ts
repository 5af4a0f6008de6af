import type { Memory } from '../domain/memory';
import type { Role } from '../domain/message';
import { MAX_BATCH_MESSAGES } from '../domain/policy';
import { LIVE_MEMORY, MEMORY_COLUMNS, memoryFromRow, type MemoryRow } from './memories';
import { run, type Queryable } from './pool';

/** Whose memories are read. */
export interface Owner {
  namespace: string;
  userId: string;
}

/** What recalled memories must be; undefined fields do not restrict. */
export interface MemoryFilter {
  layer?: string | undefined;
  type?: string | undefined;
  /** One of the memory's persona tags. */
  persona?: string | undefined;
  /** Inclusive, by when it was said. */
  createdAfter?: Date | undefined;
  /** Exclusive. */
  createdBefore?: Date | undefined;
  /** Each value compared as text with the metadata's. */
  metadata?: readonly { key: string; value: string }[] | undefined;
  /** The metadata must contain all of this. */
  metadataEquals?: Record<string, unknown> | undefined;
}

/** A turn of a memory that can be recalled. */
export interface RecordedTurn {
  conversationId: string;
  seq: number;
  messageId: string;
  role: Role;
  name: string | null;
  content: string;
  saidAt: Date;
  /** Quantized; null if there is none of this embedder. */
  vector: Buffer | null;
  memoryId: string;
}

/** More memories than this are not listed by id but filtered after the search. */
export const MAX_LISTED_IDS = 500;
const MAX_NAMES = 200;

// Null parameters restrict nothing. Recall's results are raw memories and facts; summaries have their own reads.
const PASSES = `tier IN ('raw', 'fact') AND ${LIVE_MEMORY}
  AND ($3::text IS NULL OR layer = $3) AND ($4::text IS NULL OR type = $4)
  AND ($5::text IS NULL OR $5 = ANY (persona_tags))
  AND ($6::timestamptz IS NULL OR created_at >= $6) AND ($7::timestamptz IS NULL OR created_at < $7)
  AND ($8::jsonb IS NULL OR metadata @> $8)
  AND NOT EXISTS (SELECT 1 FROM unnest($9::text[], $10::text[]) AS f (key, value) WHERE metadata ->> f.key IS DISTINCT FROM f.value)`;

function filterValues(owner: Owner, filter: MemoryFilter): unknown[] {
  const equals = filter.metadataEquals;
  return [
    owner.namespace,
    owner.userId,
    filter.layer ?? null,
    filter.type ?? null,
    filter.persona ?? null,
    filter.createdAfter ?? null,
    filter.createdBefore ?? null,
    equals && Object.keys(equals).length > 0 ? JSON.stringify(equals) : null,
    (filter.metadata ?? []).map((one) => one.key),
    (filter.metadata ?? []).map((one) => one.value),
  ];
}

/** Whether a filter restricts anything. */
export function restricts(filter: MemoryFilter): boolean {
  return filterValues({ namespace: '', userId: '' }, filter)
    .slice(2)
    .some((value) => (Array.isArray(value) ? value.length > 0 : value !== null));
}

const COUNT = {
  name: 'recall-count',
  text: `SELECT count(*) AS total
           FROM (SELECT 1 FROM memories WHERE namespace = $1 AND user_id = $2 AND ${PASSES} LIMIT $11) AS passing`,
};
const COUNT_AND_LIST = {
  name: 'recall-count-and-list',
  text: `SELECT count(*) AS total, CASE WHEN count(*) <= ${MAX_LISTED_IDS} THEN coalesce(array_agg(id), '{}') END AS ids
           FROM memories WHERE namespace = $1 AND user_id = $2 AND ${PASSES}`,
};

/**
 * How many memories pass; which, if a filter leaves few enough of them.
 * @param atMost where counting may stop if nothing is filtered; null counts all
 */
export async function countMemories(
  on: Queryable,
  owner: Owner,
  filter: MemoryFilter,
  atMost: number | null = null,
): Promise<{ total: number; ids: string[] | null }> {
  const values = filterValues(owner, filter);
  const result = restricts(filter)
    ? await run<{ total: number; ids: string[] | null }>(on, COUNT_AND_LIST, values)
    : await run<{ total: number; ids?: null }>(on, COUNT, [...values, atMost]);
  const row = result.rows[0]!;
  return { total: row.total, ids: row.ids ?? null };
}

// Memories of these ids, and those that hold the turn just before or just after one of them.
const NEAR = `
  WITH candidate AS MATERIALIZED (
    SELECT id, tier, conversation_id, first_seq, last_seq FROM memories
     WHERE namespace = $1 AND user_id = $2 AND id = ANY ($IDS) AND tier IN ('raw', 'fact') AND ${LIVE_MEMORY}
  ), near AS MATERIALIZED (
    SELECT id, conversation_id, first_seq, last_seq FROM candidate
    UNION
    SELECT m.id, m.conversation_id, m.first_seq, m.last_seq FROM candidate c
      JOIN memories m ON m.namespace = $1 AND m.user_id = $2 AND m.conversation_id = c.conversation_id
       AND m.first_seq BETWEEN c.first_seq - ${MAX_BATCH_MESSAGES} AND c.last_seq + 1 AND m.last_seq >= c.first_seq - 1
     WHERE c.tier = 'raw' AND m.tier = 'raw'
       AND m.deleted_at IS NULL AND m.superseded_by IS NULL AND (m.expires_at IS NULL OR m.expires_at > clock_timestamp())
  )`;

const MEMORIES_NEAR = {
  name: 'recall-memories-near',
  text: `${NEAR.replace('$IDS', '$11')}
         SELECT ${MEMORY_COLUMNS} FROM memories
          WHERE namespace = $1 AND user_id = $2 AND id IN (SELECT id FROM near) AND ${PASSES}`,
};

/** The candidates and the memories next to them in their conversations, as far as they pass the filter. */
export async function memoriesNear(
  on: Queryable,
  owner: Owner,
  filter: MemoryFilter,
  ids: readonly string[],
): Promise<Memory[]> {
  const result = await run<MemoryRow>(on, MEMORIES_NEAR, [...filterValues(owner, filter), ids]);
  return result.rows.map(memoryFromRow);
}

// Each table is read by ranges of seq, a stretch at a time, and joined afterwards: looked up turn by turn, the wide
// keys would cost more than all else. OFFSET 0 keeps the planner from pulling the ranges apart.
const TURNS_NEAR = {
  name: 'recall-turns-near',
  text: `${NEAR.replace('$IDS', '$3')}, stretch AS MATERIALIZED (
           SELECT conversation_id, lower(span) AS low, upper(span) - 1 AS high FROM (
             SELECT conversation_id, unnest(range_agg(int8range(first_seq - $4, last_seq + $4 + 1))) AS span
               FROM near WHERE first_seq IS NOT NULL GROUP BY conversation_id) AS spans
         )
         SELECT turn.*, vectors.vector FROM (
           SELECT t.*, m.id AS memory_id FROM stretch s
            CROSS JOIN LATERAL (
              SELECT id, first_seq, last_seq FROM memories
               WHERE namespace = $1 AND user_id = $2 AND conversation_id = s.conversation_id AND tier = 'raw'
                 AND first_seq BETWEEN s.low - ${MAX_BATCH_MESSAGES} AND s.high AND last_seq >= s.low
                 AND NOT content_edited AND ${LIVE_MEMORY}
               OFFSET 0) AS m
            CROSS JOIN LATERAL (
              SELECT conversation_id, seq, message_id, role, name, content, coalesce(said_at, stored_at) AS said_at
                FROM messages
               WHERE namespace = $1 AND user_id = $2 AND conversation_id = s.conversation_id
                 AND seq BETWEEN greatest(m.first_seq, s.low) AND least(m.last_seq, s.high)
               ORDER BY seq OFFSET 0) AS t
         ) AS turn LEFT JOIN (
           SELECT s.conversation_id, v.seq, v.vector FROM stretch s CROSS JOIN LATERAL (
             SELECT seq, vector FROM turn_vectors
              WHERE namespace = $1 AND user_id = $2 AND conversation_id = s.conversation_id
                AND seq BETWEEN s.low AND s.high AND embedder = $5
              ORDER BY seq OFFSET 0) AS v
         ) AS vectors USING (conversation_id, seq)`,
};

interface TurnRow {
  conversation_id: string;
  seq: number;
  message_id: string;
  role: Role;
  name: string | null;
  content: string;
  said_at: Date;
  vector: Buffer | null;
  memory_id: string;
}

/**
 * The turns of the candidates and of the memories next to them, and up to `reach` turns around; without turns whose
 * memory can no longer be recalled.
 */
export async function turnsNear(
  on: Queryable,
  owner: Owner,
  ids: readonly string[],
  reach: number,
  embedderName: string | null,
): Promise<RecordedTurn[]> {
  const values = [owner.namespace, owner.userId, ids, reach, embedderName];
  const result = await run<TurnRow>(on, TURNS_NEAR, values);
  return result.rows.map(turnFromRow);
}

const TURNS_OF = {
  name: 'recall-turns-of',
  text: `SELECT t.conversation_id, t.seq, t.message_id, t.role, t.name, t.content,
                coalesce(t.said_at, t.stored_at) AS said_at, NULL::bytea AS vector, m.id AS memory_id
           FROM memories m
           JOIN messages t ON t.namespace = $1 AND t.user_id = $2 AND t.conversation_id = m.conversation_id
            AND t.seq BETWEEN m.first_seq AND m.last_seq
          WHERE m.namespace = $1 AND m.user_id = $2 AND m.id = ANY ($3) AND m.tier = 'raw'
            AND NOT m.content_edited ORDER BY t.seq`,
};

/** The turns of these raw memories, in order, without vectors. */
export async function turnsOf(on: Queryable, owner: Owner, ids: readonly string[]): Promise<RecordedTurn[]> {
  if (ids.length === 0) return [];
  const result = await run<TurnRow>(on, TURNS_OF, [owner.namespace, owner.userId, ids]);
  return result.rows.map(turnFromRow);
}

const listOf = (name: string, order: string): { name: string; text: string } => ({
  name,
  text: `SELECT ${MEMORY_COLUMNS} FROM memories
          WHERE namespace = $1 AND user_id = $2 AND ${PASSES} AND NOT (id = ANY ($11))
          ORDER BY ${order} LIMIT $12 OFFSET $13`,
});
const LISTS = {
  newest: listOf('recall-newest', 'created_at DESC, conversation_id NULLS LAST, first_seq NULLS LAST, id'),
  oldest: listOf('recall-oldest', 'created_at, conversation_id NULLS LAST, first_seq NULLS LAST, id'),
  position: listOf('recall-by-position', 'conversation_id NULLS LAST, first_seq NULLS LAST, id'),
};

/** A page of the memories that pass, in a whole order; `except` are left out. */
export async function listMemories(
  on: Queryable,
  owner: Owner,
  filter: MemoryFilter,
  page: { order: keyof typeof LISTS; except?: readonly string[]; limit: number; offset: number },
): Promise<Memory[]> {
  if (page.limit <= 0) return [];
  const values = [...filterValues(owner, filter), page.except ?? [], page.limit, page.offset];
  const result = await run<MemoryRow>(on, LISTS[page.order], values);
  return result.rows.map(memoryFromRow);
}

// Hops from one name to the next in messages_by_name, instead of reading every message.
const NAMES = {
  name: 'recall-names',
  text: `WITH RECURSIVE known AS (
           (SELECT name FROM messages WHERE namespace = $1 AND user_id = $2 AND name IS NOT NULL ORDER BY name LIMIT 1)
           UNION ALL
           SELECT (SELECT m.name FROM messages m WHERE m.namespace = $1 AND m.user_id = $2 AND m.name > known.name
                    ORDER BY m.name LIMIT 1)
             FROM known WHERE known.name IS NOT NULL
         ) SELECT name FROM known WHERE name IS NOT NULL LIMIT ${MAX_NAMES}`,
};

/** The names of everybody who speaks in a user's conversations. */
export async function namesOf(on: Queryable, owner: Owner): Promise<string[]> {
  const result = await run<{ name: string }>(on, NAMES, [owner.namespace, owner.userId]);
  return result.rows.map((row) => row.name);
}

function turnFromRow(row: TurnRow): RecordedTurn {
  return {
    conversationId: row.conversation_id,
    seq: row.seq,
    messageId: row.message_id,
    role: row.role,
    name: row.name,
    content: row.content,
    saidAt: row.said_at,
    vector: row.vector,
    memoryId: row.memory_id,
  };
}

import type { Memory, Tier } from '../domain/memory';
import type { Role } from '../domain/message';
import { LIVE_MEMORY, MEMORY_COLUMNS, memoryFromRow, type MemoryRow } from './memories';
import { run, type Queryable } from './pool';
import { filterValues, PASSES, type MemoryFilter, type Owner } from './recall-reads';
import { withWhere } from './where';

/** A memory that can be recalled, without what it says: that never changes while its version stays. */
export interface MemoryHead {
  id: string;
  /** Another one after every change of the memory. */
  version: string;
  tier: Tier;
  /** Where its turns lie; null for memories that no conversation made. */
  conversationId: string | null;
  firstSeq: number | null;
  lastSeq: number | null;
  /** Its content was set by hand: that counts, not its turns. */
  edited: boolean;
  /** A candidate, or next to one in its conversation. The others are context. */
  near: boolean;
  /** It is near and passes the filter. */
  passes: boolean;
}

/** A message of a raw memory. */
export interface RecordedTurn {
  conversationId: string;
  seq: number;
  messageId: string;
  role: Role;
  name: string | null;
  content: string;
  saidAt: Date;
}

export interface VectoredTurn extends RecordedTurn {
  /** Quantized; null if there is none of this embedder. */
  vector: Buffer | null;
}

/** Turns of one conversation from one seq to another, both inclusive. */
export interface TurnRange {
  conversationId: string;
  firstSeq: number;
  lastSeq: number;
}

const RAW = `namespace = $1 AND user_id = $2 AND tier = 'raw'`;

// Raw memories of a conversation never overlap, so each neighbour is one step in memories_by_range. A row's xmin is
// the transaction that wrote it: a version that nobody has to keep. OFFSET 0 keeps the planner from pulling ranges apart.
const HEADS = {
  name: 'recall-memory-heads',
  text: `
  WITH candidate AS MATERIALIZED (
    SELECT id, xmin, tier, conversation_id, first_seq, last_seq, content_edited, ${PASSES} AS passes FROM memories
     WHERE namespace = $1 AND user_id = $2 AND id = ANY ($11) AND tier IN ('raw', 'fact') AND ${LIVE_MEMORY}
  ), near AS MATERIALIZED (
    SELECT id, conversation_id, first_seq, last_seq FROM candidate WHERE tier = 'raw'
    UNION
    SELECT beside.* FROM candidate c CROSS JOIN LATERAL (
      (SELECT id, conversation_id, first_seq, last_seq FROM memories
        WHERE ${RAW} AND ${LIVE_MEMORY} AND conversation_id = c.conversation_id AND first_seq < c.first_seq
        ORDER BY first_seq DESC LIMIT 1)
      UNION ALL
      (SELECT id, conversation_id, first_seq, last_seq FROM memories
        WHERE ${RAW} AND ${LIVE_MEMORY} AND conversation_id = c.conversation_id AND first_seq > c.last_seq
        ORDER BY first_seq LIMIT 1)) AS beside
     WHERE c.tier = 'raw' AND (beside.last_seq = c.first_seq - 1 OR beside.first_seq = c.last_seq + 1)
  ), stretch AS MATERIALIZED (
    SELECT conversation_id, lower(span) AS low, upper(span) - 1 AS high FROM (
      SELECT conversation_id, unnest(range_agg(int8range(first_seq - $12, last_seq + $12 + 1))) AS span
        FROM near GROUP BY conversation_id) AS spans
  )
  SELECT m.* FROM stretch s CROSS JOIN LATERAL (
    SELECT id, xmin::text AS version, tier, conversation_id AS "conversationId", first_seq AS "firstSeq",
           last_seq AS "lastSeq", content_edited AS edited, id IN (SELECT id FROM near) AS near, id IN (SELECT id FROM near) AND ${PASSES} AS passes
      FROM memories
     WHERE ${RAW} AND conversation_id = s.conversation_id AND first_seq <= s.high AND last_seq >= s.low
       AND first_seq >= coalesce((SELECT first_seq FROM memories
                                   WHERE ${RAW} AND conversation_id = s.conversation_id AND first_seq <= s.low
                                   ORDER BY first_seq DESC LIMIT 1), s.low)
       AND ${LIVE_MEMORY}
    OFFSET 0) AS m
  UNION ALL
  SELECT id, xmin::text, tier, conversation_id, first_seq, last_seq, content_edited, true, passes FROM candidate WHERE tier <> 'raw'`,
};

/** The candidates that can be recalled, the memories next to them, and those up to `reachTurns` turns around these. */
export async function headsAround(
  on: Queryable,
  owner: Owner,
  filter: MemoryFilter,
  ids: readonly string[],
  reachTurns: number,
): Promise<MemoryHead[]> {
  const given = [...filterValues(owner, filter), ids, reachTurns];
  const { statement, values } = withWhere(HEADS, PASSES, filter.where, given);
  return (await run<MemoryHead>(on, statement, values)).rows;
}

const BY_ID = {
  name: 'recall-memories-by-id',
  text: `SELECT m.*, v.vector FROM (
           SELECT xmin::text AS version, ${MEMORY_COLUMNS} FROM memories
            WHERE namespace = $1 AND user_id = $2 AND id = ANY ($3)) AS m
           LEFT JOIN memory_vectors v
             ON v.namespace = $1 AND v.user_id = $2 AND v.memory_id = m.id AND v.embedder = $4`,
};

/** A memory as it was at a version of its own: the version that a MemoryHead has. */
export interface VectoredMemory {
  version: string;
  memory: Memory;
  /** Of its own content, quantized; null if there is none of this embedder. */
  vector: Buffer | null;
}

/** Memories with their versions, in no order, without asking whether they can be recalled. */
export async function memoriesById(
  on: Queryable,
  owner: Owner,
  ids: readonly string[],
  embedderName: string | null,
): Promise<VectoredMemory[]> {
  if (ids.length === 0) return [];
  const values = [owner.namespace, owner.userId, ids, embedderName];
  const result = await run<MemoryRow & { version: string; vector: Buffer | null }>(on, BY_ID, values);
  return result.rows.map((row) => ({ version: row.version, memory: memoryFromRow(row), vector: row.vector }));
}

// Each table is read a range at a time and joined afterwards: looked up turn by turn, the wide keys would cost more
// than all else.
const TURNS = {
  name: 'recall-turns',
  text: `WITH stretch AS MATERIALIZED (
           SELECT * FROM unnest($3::text[], $4::bigint[], $5::bigint[]) AS s (conversation_id, low, high)
         )
         SELECT turn.*, vectors.vector FROM (
           SELECT t.* FROM stretch s CROSS JOIN LATERAL (
             SELECT conversation_id AS "conversationId", seq, message_id AS "messageId", role, name, content,
                    coalesce(said_at, stored_at) AS "saidAt"
               FROM messages
              WHERE namespace = $1 AND user_id = $2 AND conversation_id = s.conversation_id
                AND seq BETWEEN s.low AND s.high
              ORDER BY seq OFFSET 0) AS t
         ) AS turn LEFT JOIN (
           SELECT s.conversation_id AS "conversationId", v.seq, v.vector FROM stretch s CROSS JOIN LATERAL (
             SELECT seq, vector FROM turn_vectors
              WHERE namespace = $1 AND user_id = $2 AND conversation_id = s.conversation_id
                AND seq BETWEEN s.low AND s.high AND embedder = $6
              ORDER BY seq OFFSET 0) AS v
         ) AS vectors USING ("conversationId", seq)`,
};

/** The turns of these ranges with their vectors, in no order. */
export async function turnsIn(
  on: Queryable,
  owner: Owner,
  ranges: readonly TurnRange[],
  embedderName: string | null,
): Promise<VectoredTurn[]> {
  if (ranges.length === 0) return [];
  const result = await run<VectoredTurn>(on, TURNS, [
    owner.namespace,
    owner.userId,
    ranges.map((range) => range.conversationId),
    ranges.map((range) => range.firstSeq),
    ranges.map((range) => range.lastSeq),
    embedderName,
  ]);
  return result.rows;
}

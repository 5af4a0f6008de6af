import type { Pool } from 'pg';

/** What the stores say of one namespace, for the invariants of ingestion. */
export interface StoreCensus {
  messages: number;
  /** Messages that are in no batch, or in more than one. */
  outsideOneBatch: number;
  /** Conversations whose seqs have a gap, or whose cursors do not say what their rows say. */
  brokenConversations: number;
  /** Batches that are indexed but have no memory of exactly their range. */
  batchesWithoutMemory: number;
  rawMemories: number;
  failedBatches: number;
}

const CENSUS = `
  WITH covered AS (
    SELECT m.namespace, m.user_id, m.conversation_id, m.seq,
           (SELECT count(*) FROM batches b
             WHERE (b.namespace, b.user_id, b.conversation_id) = (m.namespace, m.user_id, m.conversation_id)
               AND m.seq BETWEEN b.first_seq AND b.last_seq) AS batches
      FROM messages m WHERE m.namespace = $1),
  per_conversation AS (
    SELECT c.*, (SELECT count(*) FROM messages m
                  WHERE (m.namespace, m.user_id, m.conversation_id) = (c.namespace, c.user_id, c.conversation_id)) AS rows
      FROM conversations c WHERE c.namespace = $1)
  SELECT (SELECT count(*) FROM covered)::int AS messages,
         (SELECT count(*) FROM covered WHERE batches <> 1)::int AS outside_one_batch,
         (SELECT count(*) FROM per_conversation
           WHERE rows <> appended_through OR indexed_through <> appended_through OR planned_through <> appended_through)::int AS broken,
         (SELECT count(*) FROM batches b WHERE b.namespace = $1 AND b.status = 'indexed' AND NOT EXISTS (
            SELECT 1 FROM memories m WHERE (m.namespace, m.user_id, m.id) = (b.namespace, b.user_id, b.memory_id)
               AND m.first_seq = b.first_seq AND m.last_seq = b.last_seq))::int AS without_memory,
         (SELECT count(*) FROM memories WHERE namespace = $1 AND tier = 'raw')::int AS raw_memories,
         (SELECT count(*) FROM batches WHERE namespace = $1 AND status = 'failed')::int AS failed`;

/** Counts what the record holds, message by message. Meant for when everything is indexed. */
export async function census(pool: Pool, namespace: string): Promise<StoreCensus> {
  const row = (await pool.query(CENSUS, [namespace])).rows[0];
  return {
    messages: row.messages,
    outsideOneBatch: row.outside_one_batch,
    brokenConversations: row.broken,
    batchesWithoutMemory: row.without_memory,
    rawMemories: row.raw_memories,
    failedBatches: row.failed,
  };
}

/** Every message id of a namespace, as `user/conversation/message`. */
export async function storedIds(pool: Pool, namespace: string): Promise<string[]> {
  const result = await pool.query<{ id: string }>(
    `SELECT user_id || '/' || conversation_id || '/' || message_id AS id FROM messages WHERE namespace = $1`,
    [namespace],
  );
  return result.rows.map((row) => row.id);
}

const WRONG_TOTALS = `
  WITH kept AS (
    SELECT m.import_id, count(*)::int AS accepted,
           (count(*) FILTER (WHERE b.status = 'indexed'))::int AS indexed,
           (count(*) FILTER (WHERE b.status = 'failed'))::int AS failed
      FROM messages m
      LEFT JOIN LATERAL (
        SELECT b.status, b.last_seq FROM batches b
         WHERE b.namespace = m.namespace AND b.user_id = m.user_id AND b.conversation_id = m.conversation_id
           AND b.first_seq <= m.seq ORDER BY b.first_seq DESC LIMIT 1) b ON b.last_seq >= m.seq
     WHERE m.namespace = $1 AND m.import_id IS NOT NULL GROUP BY 1)
  SELECT jsonb_build_object('counted', jsonb_build_array(i.accepted, i.indexed, i.failed),
                            'kept', jsonb_build_array(k.accepted, k.indexed, k.failed))::text AS wrong
    FROM imports i LEFT JOIN kept k USING (import_id)
   WHERE i.namespace = $1
     AND (i.accepted, i.indexed, i.failed) <> (coalesce(k.accepted, 0), coalesce(k.indexed, 0), coalesce(k.failed, 0))`;

/** Imports whose totals are not those of their rows, message by message, at this moment. */
export async function wrongImportTotals(pool: Pool, namespace: string): Promise<string[]> {
  const result = await pool.query<{ wrong: string }>(WRONG_TOTALS, [namespace]);
  return result.rows.map((row) => row.wrong);
}

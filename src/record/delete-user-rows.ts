import type { Pool } from 'pg';
import type { Owner } from './erasures';
import { retryDeadlocks, run, type Queryable, type Statement } from './pool';
import { USER_TABLES } from './user-tables';

const PAGE_ROWS = 2_000;
/** A table of at most this size is vacuumed within seconds; larger ones are left to autovacuum. */
const MAX_VACUUMED_BYTES = 256 * 1024 * 1024;

const page = (table: string): string =>
  `ctid = ANY (ARRAY (SELECT ctid FROM ${table} WHERE namespace = $1 AND user_id = $2 LIMIT ${PAGE_ROWS}))`;

// What of an import was still pending ends as failed: its totals add up at any moment, and it comes to an end.
const DELETE_MESSAGES = `
  WITH gone AS (DELETE FROM messages WHERE ${page('messages')} RETURNING conversation_id, seq, import_id),
  ended AS MATERIALIZED (
    SELECT g.import_id, count(*) AS failed FROM gone g
      LEFT JOIN LATERAL (
        SELECT b.status, b.last_seq FROM batches b
         WHERE b.namespace = $1 AND b.user_id = $2 AND b.conversation_id = g.conversation_id AND b.first_seq <= g.seq
         ORDER BY b.first_seq DESC LIMIT 1) b ON b.last_seq >= g.seq
     WHERE g.import_id IS NOT NULL AND coalesce(b.status, 'planned') = 'planned' GROUP BY g.import_id),
  locked AS MATERIALIZED (
    SELECT i.import_id FROM imports i WHERE i.namespace = $1 AND i.import_id IN (SELECT import_id FROM ended)
     ORDER BY i.import_id FOR UPDATE),
  counted AS (
    UPDATE imports i SET failed = i.failed + e.failed, progressed_at = clock_timestamp()
      FROM ended e JOIN locked USING (import_id) WHERE i.namespace = $1 AND i.import_id = e.import_id)
  SELECT count(*) AS rows FROM gone`;

const deletion = (table: string): Statement => ({
  name: `erase-${table}`,
  text:
    table === 'messages'
      ? DELETE_MESSAGES
      : `WITH gone AS (DELETE FROM ${table} WHERE ${page(table)} RETURNING 1) SELECT count(*) AS rows FROM gone`,
});
const DELETIONS = USER_TABLES.map(deletion);

/**
 * Deletes everything the record holds of an erased user, a page and a transaction at a time.
 * @param onPage called after each page
 * @returns how many rows
 */
export async function deleteUserRows(on: Queryable, owner: Owner, onPage: () => void): Promise<number> {
  let total = 0;
  for (const statement of DELETIONS) {
    for (let rows = PAGE_ROWS; rows >= PAGE_ROWS;) {
      const values = [owner.namespace, owner.userId];
      const result = await retryDeadlocks(() => run<{ rows: number }>(on, statement, values));
      rows = result.rows[0]!.rows;
      total += rows;
      onPage();
    }
  }
  return total;
}

const CONVERSATIONS = {
  name: 'erased-conversations',
  text: `WITH RECURSIVE known AS (
           (SELECT conversation_id FROM messages WHERE namespace = $1 AND user_id = $2 AND conversation_id > $3
             ORDER BY conversation_id LIMIT 1)
           UNION ALL
           SELECT (SELECT m.conversation_id FROM messages m
                    WHERE m.namespace = $1 AND m.user_id = $2 AND m.conversation_id > known.conversation_id
                    ORDER BY m.conversation_id LIMIT 1)
             FROM known WHERE known.conversation_id IS NOT NULL
         ) SELECT conversation_id FROM known WHERE conversation_id IS NOT NULL LIMIT $4`,
};

/** The conversations that still have messages, in order, behind `after`: their own rows went with the tombstone. */
export async function conversationIdsOf(
  on: Queryable,
  owner: Owner,
  after: string,
  limit: number,
): Promise<string[]> {
  const values = [owner.namespace, owner.userId, after, limit];
  const result = await run<{ conversation_id: string }>(on, CONVERSATIONS, values);
  return result.rows.map((row) => row.conversation_id);
}

const SIZE = { name: 'table-size', text: 'SELECT pg_total_relation_size($1::regclass) AS bytes' };

/**
 * Has Postgres reuse the pages that deleted rows have left, where that takes seconds. Best effort: a table that somebody
 * else vacuums just now is left out, and autovacuum comes by anyway.
 */
export async function vacuumUserTables(pool: Pool, onTable: () => void): Promise<void> {
  for (const table of [...USER_TABLES, 'erasures']) {
    const size = await run<{ bytes: number }>(pool, SIZE, [table]);
    onTable();
    if (size.rows[0]!.bytes > MAX_VACUUMED_BYTES) continue;
    try {
      await pool.query(`VACUUM (SKIP_LOCKED, INDEX_CLEANUP ON) ${table}`);
    } catch (thrown) {
      throw new Error(`vacuuming ${table} failed`, { cause: thrown });
    }
  }
}

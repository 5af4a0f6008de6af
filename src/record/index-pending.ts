import { run, type Queryable } from './pool';

/** Memories of one user whose index objects are behind the record. */
export interface IndexPending {
  namespace: string;
  userId: string;
  ids: string[];
}

const MARK = {
  name: 'mark-index-pending',
  text: `INSERT INTO index_pending (namespace, user_id, memory_id)
         SELECT $1, $2, id FROM unnest($3::uuid[]) AS m (id) ORDER BY id
         ON CONFLICT (namespace, user_id, memory_id) DO UPDATE SET since = clock_timestamp()`,
};

/**
 * Notes that these memories' index objects are to be written again, or removed; to be called in the transaction that
 * changes the memories, so that no crash can lose the change to the index.
 */
export async function markIndexPending(
  on: Queryable,
  owner: { namespace: string; userId: string },
  ids: readonly string[],
): Promise<void> {
  if (ids.length > 0) await run(on, MARK, [owner.namespace, owner.userId, [...new Set(ids)]]);
}

const LOCK = {
  name: 'lock-index-pending',
  text: `SELECT memory_id FROM index_pending WHERE namespace = $1 AND user_id = $2 AND memory_id = ANY ($3)
          ORDER BY memory_id FOR UPDATE`,
};

/**
 * Locks what of these is still pending: while the index is written nobody else may write it from an older record.
 * @returns their ids
 */
export async function lockIndexPending(
  on: Queryable,
  owner: { namespace: string; userId: string },
  ids: readonly string[],
): Promise<string[]> {
  const result = await run<{ memory_id: string }>(on, LOCK, [owner.namespace, owner.userId, ids]);
  return result.rows.map((row) => row.memory_id);
}

const CLEAR = {
  name: 'clear-index-pending',
  text: 'DELETE FROM index_pending WHERE namespace = $1 AND user_id = $2 AND memory_id = ANY ($3)',
};

/** The index is as the record says again; in the transaction of lockIndexPending. */
export async function clearIndexPending(
  on: Queryable,
  owner: { namespace: string; userId: string },
  ids: readonly string[],
): Promise<void> {
  if (ids.length > 0) await run(on, CLEAR, [owner.namespace, owner.userId, ids]);
}

const OLDEST = {
  name: 'oldest-index-pending',
  text: `SELECT namespace, user_id, array_agg(memory_id) AS ids FROM (
           SELECT namespace, user_id, memory_id FROM index_pending
            WHERE since < clock_timestamp() - $1 * interval '1 millisecond' ORDER BY since LIMIT $2) AS oldest
          GROUP BY namespace, user_id`,
};

/** What has been pending for longer than whoever marked it takes to see to it, oldest first. */
export async function oldestIndexPending(
  on: Queryable,
  olderThanMs: number,
  limit: number,
): Promise<IndexPending[]> {
  const result = await run<{ namespace: string; user_id: string; ids: string[] }>(on, OLDEST, [
    olderThanMs,
    limit,
  ]);
  return result.rows.map((row) => ({ namespace: row.namespace, userId: row.user_id, ids: row.ids }));
}

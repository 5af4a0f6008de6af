import type { Pool } from 'pg';
import { deleteFactsFrom, forgetTracesOf } from './delete-memory';
import { memoriesInContextOf } from './facts';
import { markIndexPending } from './index-pending';
import { run, transaction, type Queryable } from './pool';
import type { Scope } from './scope';

const OVER = `((expires_at <= clock_timestamp() AND deleted_at IS NULL) OR (deleted_at IS NOT NULL AND content <> ''))
  AND ($1::text IS NULL OR m.namespace = $1) AND ($2::text IS NULL OR m.user_id = $2)`;

const COUNT = {
  name: 'count-over-memories',
  text: `SELECT count(*) FILTER (WHERE deleted_at IS NULL) AS expired, count(*) FILTER (WHERE deleted_at IS NOT NULL) AS purged
           FROM memories m WHERE ${OVER}`,
};

/** How many memories are past their time, and how many deleted ones still have their texts. */
export async function countOverMemories(
  on: Queryable,
  scope: Scope,
): Promise<{ expired: number; purged: number }> {
  const result = await run<{ expired: number; purged: number }>(on, COUNT, [scope.namespace, scope.userId]);
  return result.rows[0]!;
}

// Whom an erasure has taken, or is taking, it removes whole; to write for them would be refused, and end the job for all.
const TAKE = {
  name: 'take-over-memories',
  text: `SELECT m.namespace, m.user_id, m.id, m.deleted_at IS NULL AS expired
           FROM memories m JOIN users u ON u.namespace = m.namespace AND u.user_id = m.user_id WHERE ${OVER}
          ORDER BY m.namespace, m.user_id, m.id LIMIT $3
            FOR UPDATE OF m SKIP LOCKED FOR KEY SHARE OF u SKIP LOCKED`,
};
const FORGET_TURN_VECTORS = {
  name: 'forget-turn-vectors',
  text: `DELETE FROM turn_vectors v USING memories m
          WHERE m.namespace = $1 AND m.user_id = $2 AND m.id = ANY ($3) AND m.tier = 'raw' AND v.namespace = $1
            AND v.user_id = $2 AND v.conversation_id = m.conversation_id AND v.seq BETWEEN m.first_seq AND m.last_seq`,
};
const FORGET_VECTORS = {
  name: 'forget-vectors-of',
  text: 'DELETE FROM memory_vectors WHERE namespace = $1 AND user_id = $2 AND memory_id = ANY ($3)',
};
const FORGET_READINGS = {
  name: 'forget-readings-of',
  text: 'DELETE FROM memory_readings WHERE namespace = $1 AND user_id = $2 AND memory_id = ANY ($3)',
};
// A batch's row stays, emptied: its messages are in exactly one raw memory, which is gone.
const EMPTY = {
  name: 'empty-raw-memories',
  text: `UPDATE memories SET content = '', metadata = '{}', persona_tags = '{}', emotional_signature = NULL,
                deleted_at = coalesce(deleted_at, clock_timestamp())
          WHERE namespace = $1 AND user_id = $2 AND id = ANY ($3) AND tier = 'raw'`,
};
const REMOVE = {
  name: 'remove-memories',
  text: `DELETE FROM memories WHERE namespace = $1 AND user_id = $2 AND id = ANY ($3) AND tier <> 'raw'`,
};

/** Memories of one user whose texts are gone now. */
export interface Purged {
  namespace: string;
  userId: string;
  /** Whose index objects are to be removed or written again. */
  changed: string[];
}

/**
 * Removes, for good, the texts and vectors of memories that are past their time or were deleted, with what stored
 * injections and kept answers show of them; some at a time.
 */
export async function purgeOverMemories(
  pool: Pool,
  scope: Scope,
  limit: number,
): Promise<{ expired: number; purged: number; of: Purged[] }> {
  return transaction(pool, async (client) => {
    const taken = await run<{ namespace: string; user_id: string; id: string; expired: boolean }>(
      client,
      TAKE,
      [scope.namespace, scope.userId, limit],
    );
    const owners = new Map<string, { namespace: string; userId: string; ids: string[] }>();
    for (const row of taken.rows) {
      const key = JSON.stringify([row.namespace, row.user_id]);
      const owner = owners.get(key) ?? { namespace: row.namespace, userId: row.user_id, ids: [] };
      owner.ids.push(row.id);
      owners.set(key, owner);
    }
    const of: Purged[] = [];
    for (const { ids, ...owner } of owners.values()) {
      const values = [owner.namespace, owner.userId, ids];
      const facts = await deleteFactsFrom(client, owner, ids);
      const changed = [...ids, ...facts, ...(await memoriesInContextOf(client, owner, ids))];
      await forgetTracesOf(client, owner, [...ids, ...facts]);
      for (const statement of [FORGET_TURN_VECTORS, FORGET_VECTORS, FORGET_READINGS, EMPTY, REMOVE])
        await run(client, statement, values);
      await markIndexPending(client, owner, changed);
      of.push({ ...owner, changed });
    }
    const expired = taken.rows.filter((row) => row.expired).length;
    return { expired, purged: taken.rows.length - expired, of };
  });
}

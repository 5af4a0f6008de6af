import { run, type Queryable } from './pool';

interface Owner {
  namespace: string;
  userId: string;
}

const MARK = {
  name: 'mark-tiers-pending',
  text: `INSERT INTO tiers_pending AS p (namespace, user_id) VALUES ($1, $2)
         ON CONFLICT (namespace, user_id) DO UPDATE SET revision = p.revision + 1`,
};
const REVISION = {
  name: 'tiers-pending-revision',
  text: 'SELECT revision FROM tiers_pending WHERE namespace = $1 AND user_id = $2',
};
const DONE = {
  name: 'tiers-pending-done',
  text: 'DELETE FROM tiers_pending WHERE namespace = $1 AND user_id = $2 AND revision = $3',
};
const LEFT = {
  name: 'tiers-pending-left',
  text: `WITH chosen AS MATERIALIZED (
           SELECT namespace, user_id FROM tiers_pending WHERE since < clock_timestamp() - $1 * interval '1 ms'
            ORDER BY since LIMIT $2 FOR UPDATE SKIP LOCKED)
         UPDATE tiers_pending p SET since = clock_timestamp() FROM chosen c
          WHERE p.namespace = c.namespace AND p.user_id = c.user_id RETURNING p.namespace, p.user_id`,
};

/** Notes that a user's arcs are behind; in the transaction that changed an episode's summary. */
export async function markTiersPending(on: Queryable, owner: Owner): Promise<void> {
  await run(on, MARK, [owner.namespace, owner.userId]);
}

/** Null: the arcs are not behind. */
export async function tiersPendingRevision(on: Queryable, owner: Owner): Promise<number | null> {
  const row = (await run<{ revision: number }>(on, REVISION, [owner.namespace, owner.userId])).rows[0];
  return row?.revision ?? null;
}

/** The arcs are as new as this revision. @returns false when they are behind again */
export async function tiersCaughtUp(on: Queryable, owner: Owner, revision: number): Promise<boolean> {
  return ((await run(on, DONE, [owner.namespace, owner.userId, revision])).rowCount ?? 0) > 0;
}

/** Users whose arcs have been behind for a while: nobody was told, or it did not help. Each is given again a while later. */
export async function usersLeftBehind(on: Queryable, leftForMs: number, limit: number): Promise<Owner[]> {
  const result = await run<{ namespace: string; user_id: string }>(on, LEFT, [leftForMs, limit]);
  return result.rows.map((row) => ({ namespace: row.namespace, userId: row.user_id }));
}

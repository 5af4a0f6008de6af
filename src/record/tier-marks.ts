import { run, type Queryable } from './pool';

interface Owner {
  namespace: string;
  userId: string;
}

/** One look takes no more of them; what is left is another look's. */
const MARKS_A_LOOK = 10_000;

const MARK = {
  name: 'mark-tiers-pending',
  text: 'INSERT INTO tier_marks (namespace, user_id) VALUES ($1, $2)',
};
const MARKS = {
  name: 'tier-marks',
  text: `SELECT id FROM tier_marks WHERE namespace = $1 AND user_id = $2 ORDER BY id LIMIT ${MARKS_A_LOOK}`,
};
const ANY = {
  name: 'any-tier-mark',
  text: 'SELECT EXISTS (SELECT 1 FROM tier_marks WHERE namespace = $1 AND user_id = $2) AS pending',
};
const DONE = {
  name: 'tiers-caught-up',
  text: `WITH chosen AS MATERIALIZED (
           SELECT id FROM tier_marks WHERE namespace = $1 AND user_id = $2 AND id = ANY ($3) ORDER BY id FOR UPDATE)
         DELETE FROM tier_marks m USING chosen c WHERE m.namespace = $1 AND m.user_id = $2 AND m.id = c.id`,
};
// By chance, so that users who stay behind do not stand before all others.
const LEFT = {
  name: 'users-left-behind',
  text: `SELECT namespace, user_id FROM (
           SELECT DISTINCT namespace, user_id FROM tier_marks WHERE since < clock_timestamp() - $1 * interval '1 ms') AS left_behind
          ORDER BY random() LIMIT $2`,
};

/**
 * Notes that a user's arcs are behind; in the transaction that changed an episode's summary. A row of its own each
 * time: many episodes of one user are summarized at once, and none waits for another.
 */
export async function markTiersPending(on: Queryable, owner: Owner): Promise<void> {
  await run(on, MARK, [owner.namespace, owner.userId]);
}

/** The marks that what is read from now on answers; none: the arcs are not behind. */
export async function pendingTierMarks(on: Queryable, owner: Owner): Promise<number[]> {
  return (await run<{ id: number }>(on, MARKS, [owner.namespace, owner.userId])).rows.map((row) => row.id);
}

/** Whether a user's arcs are behind. */
export async function areTiersPending(on: Queryable, owner: Owner): Promise<boolean> {
  return (await run<{ pending: boolean }>(on, ANY, [owner.namespace, owner.userId])).rows[0]!.pending;
}

/** The arcs are as new as these marks. */
export async function tiersCaughtUp(on: Queryable, owner: Owner, marks: readonly number[]): Promise<void> {
  await run(on, DONE, [owner.namespace, owner.userId, marks]);
}

/** Users whose arcs have been behind for a while: nobody was told, or it did not help. */
export async function usersLeftBehind(on: Queryable, leftForMs: number, limit: number): Promise<Owner[]> {
  const result = await run<{ namespace: string; user_id: string }>(on, LEFT, [leftForMs, limit]);
  return result.rows.map((row) => ({ namespace: row.namespace, userId: row.user_id }));
}

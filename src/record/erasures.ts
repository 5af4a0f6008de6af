import type { Pool } from 'pg';
import { erasedUser } from '../domain/errors';
import { retryDeadlocks, run, transaction, type Queryable } from './pool';

/** Whose data it is. */
export interface Owner {
  namespace: string;
  userId: string;
}

/** An erasure as its workflow knows it: by a keyed hash, since ids must not outlive it. */
export interface ErasureRef {
  namespace: string;
  userHash: string;
}

export interface BegunErasure {
  userHash: string;
  /** Until then, and for as long as anything is left, writes are refused. */
  refusedUntil: Date;
  /** An earlier erasure still stands, and nothing is left to do. */
  finished: boolean;
}

const BEGIN = {
  name: 'begin-erasure',
  text: `SELECT user_hash, refused_until, finished FROM begin_erasure($1, $2, $3 * interval '1 second')`,
};

/**
 * Puts up the tombstone. From its commit on nothing is written for the user, nor read (isErased); what there is goes
 * with the erasure's workflow.
 * @param refusedForSeconds how long the user cannot come back
 */
export async function beginErasure(
  on: Queryable,
  owner: Owner,
  refusedForSeconds: number,
): Promise<BegunErasure> {
  const values = [owner.namespace, owner.userId, refusedForSeconds];
  const result = await retryDeadlocks(() =>
    run<{ user_hash: string; refused_until: Date; finished: boolean }>(on, BEGIN, values),
  );
  const row = result.rows[0]!;
  return { userHash: row.user_hash, refusedUntil: row.refused_until, finished: row.finished };
}

const IS_ERASED = { name: 'is-erased', text: 'SELECT is_erased($1, $2) AS erased' };

/** Whether the user's tombstone stands. */
export async function isErased(on: Queryable, owner: Owner): Promise<boolean> {
  const result = await run<{ erased: boolean }>(on, IS_ERASED, [owner.namespace, owner.userId]);
  return result.rows[0]!.erased;
}

const HOLD = {
  name: 'hold-user',
  text: 'SELECT 1 FROM users WHERE namespace = $1 AND user_id = $2 FOR KEY SHARE',
};

/**
 * Does `work` elsewhere (making a tenant in the index) while an erasure of the user has to wait.
 * @throws DomainError 410 when the user was erased
 */
export async function whileNotErased<T>(pool: Pool, owner: Owner, work: () => Promise<T>): Promise<T> {
  return transaction(pool, async (client) => {
    await holdUser(client, owner);
    return work();
  });
}

/**
 * Has an erasure of the user wait until the transaction ends.
 * @throws DomainError 410 when the user was erased
 */
export async function holdUser(on: Queryable, owner: Owner): Promise<void> {
  const held = await run(on, HOLD, [owner.namespace, owner.userId]);
  if (held.rowCount === 0) throw erasedUser();
}

const ADMIT = { name: 'admit-user', text: 'SELECT admit_user($1, $2)' };

/**
 * Makes a user who is new, and has an erasure wait until the transaction ends: how a write of anything but a
 * conversation's messages begins.
 * @throws DomainError 410 when the user was erased
 */
export async function admitUser(on: Queryable, owner: Owner): Promise<void> {
  await run(on, ADMIT, [owner.namespace, owner.userId]);
}

const LOOK = {
  name: 'look-at-erasure',
  text: `UPDATE erasures SET driven_at = clock_timestamp() WHERE namespace = $1 AND user_hash = $2 AND finished_at IS NULL
         RETURNING pending_user_id`,
};

/** Says that an erasure is looked after. @returns whom it erases; null when nothing is left to do */
export async function lookAtErasure(on: Queryable, ref: ErasureRef): Promise<Owner | null> {
  const row = (await run<{ pending_user_id: string }>(on, LOOK, [ref.namespace, ref.userHash])).rows[0];
  return row ? { namespace: ref.namespace, userId: row.pending_user_id } : null;
}

const FINISH = {
  name: 'finish-erasure',
  text: `WITH keys AS (
           UPDATE api_keys k SET user_ids = array_remove(k.user_ids, e.pending_user_id) FROM erasures e
            WHERE e.namespace = $1 AND e.user_hash = $2 AND k.namespace = $1 AND e.pending_user_id = ANY (k.user_ids))
         UPDATE erasures SET finished_at = clock_timestamp(), pending_user_id = NULL
          WHERE namespace = $1 AND user_hash = $2 AND finished_at IS NULL`,
};

/** Notes that nothing of the user is left, and takes them off keys that were for them; only the hash remembers them. */
export async function finishErasure(on: Queryable, ref: ErasureRef): Promise<void> {
  await run(on, FINISH, [ref.namespace, ref.userHash]);
}

const UNDRIVEN = {
  name: 'undriven-erasures',
  text: `SELECT namespace, user_hash FROM erasures
          WHERE finished_at IS NULL AND coalesce(driven_at, requested_at) < clock_timestamp() - $1 * interval '1 ms'
          ORDER BY requested_at LIMIT $2`,
};

/** Unfinished erasures that no workflow has looked after for a while. */
export async function undrivenErasures(on: Queryable, forMs: number, limit: number): Promise<ErasureRef[]> {
  const result = await run<{ namespace: string; user_hash: string }>(on, UNDRIVEN, [forMs, limit]);
  return result.rows.map((row) => ({ namespace: row.namespace, userHash: row.user_hash }));
}

import type { Pool } from 'pg';
import { holdUser } from './erasures';
import { LIVE_MEMORY } from './memories';
import { readModelResult, saveModelResult, type Owner } from './model-results';
import { run, transaction, type Queryable } from './pool';

/** One statement that a language model has told. */
export interface NarratedStatement {
  text: string;
  /** The memories it says something of. */
  sourceIds: string[];
  saidAt: Date;
}

/** Of a user so many are kept, the latest: each is of use only until something is said or forgotten. */
const KEPT_NARRATIONS = 30;
const PREFIX = 'narrate:';

/** What was told for a question about lines that are as they were; null when it was not asked. */
export async function readNarration(
  on: Queryable,
  owner: Owner,
  key: string,
): Promise<NarratedStatement[] | null> {
  const kept = (await readModelResult(on, owner, PREFIX + key)) as
    (Omit<NarratedStatement, 'saidAt'> & { saidAt: string })[] | null;
  return kept?.map((one) => ({ ...one, saidAt: new Date(one.saidAt) })) ?? null;
}

// Whoever deletes one of them waits, and then finds what was told of it.
const HOLD_LIVE = {
  name: 'hold-narrated-memories',
  text: `SELECT id FROM memories WHERE namespace = $1 AND user_id = $2 AND id = ANY ($3) AND ${LIVE_MEMORY}
          ORDER BY id FOR SHARE`,
};
const FORGET_OLD = {
  name: 'forget-old-narrations',
  text: `DELETE FROM model_results WHERE namespace = $1 AND user_id = $2 AND key IN (
           SELECT key FROM model_results WHERE namespace = $1 AND user_id = $2 AND starts_with(key, '${PREFIX}')
            ORDER BY created_at DESC, key OFFSET ${KEPT_NARRATIONS})`,
};

/**
 * Keeps what was told before it is used, without what speaks of memories that were deleted or have expired meanwhile.
 * @returns what is left of it
 * @throws DomainError 410 when the user was erased meanwhile
 */
export async function saveNarration(
  pool: Pool,
  owner: Owner,
  told: { key: string; model: string; statements: readonly NarratedStatement[] },
): Promise<NarratedStatement[]> {
  return transaction(pool, async (client) => {
    await holdUser(client, owner);
    const ids = [...new Set(told.statements.flatMap((one) => one.sourceIds))];
    const held = await run<{ id: string }>(client, HOLD_LIVE, [owner.namespace, owner.userId, ids]);
    const live = new Set(held.rows.map((row) => row.id));
    const statements = told.statements.filter((one) => one.sourceIds.every((id) => live.has(id)));
    await saveModelResult(client, owner, PREFIX + told.key, told.model, statements);
    await run(client, FORGET_OLD, [owner.namespace, owner.userId]);
    return statements;
  });
}

import { markEpisodesStale } from './episodes';
import { memoriesInContextOf } from './facts';
import { markIndexPending } from './index-pending';
import { LIVE_MEMORY } from './memories';
import { forgetModelResults } from './model-results';
import { run, type Queryable } from './pool';
import { forgetVersionsOf } from './summaries';
import { markTiersPending } from './tier-marks';

const DELETE = {
  name: 'delete-memory',
  text: `UPDATE memories SET deleted_at = clock_timestamp()
          WHERE namespace = $1 AND user_id = $2 AND id = $3 AND ${LIVE_MEMORY} RETURNING id`,
};
// What it was merged from or has replaced says the same, and must not outlive it.
const DELETE_HISTORY = {
  name: 'delete-memory-history',
  text: `WITH RECURSIVE before AS (
           SELECT id FROM memories WHERE namespace = $1 AND user_id = $2 AND superseded_by = $3
           UNION
           SELECT m.id FROM before b JOIN memories m ON m.namespace = $1 AND m.user_id = $2 AND m.superseded_by = b.id)
         UPDATE memories SET deleted_at = clock_timestamp()
          WHERE namespace = $1 AND user_id = $2 AND id IN (SELECT id FROM before) AND deleted_at IS NULL RETURNING id`,
};
const FORGET_INJECTIONS = {
  name: 'forget-injections',
  text: 'DELETE FROM injections WHERE namespace = $1 AND user_id = $2 AND memory_id = ANY ($3)',
};
const FORGET_INJECTED_SUMMARIES = {
  name: 'forget-injected-summaries',
  text: `DELETE FROM injections
          WHERE namespace = $1 AND user_id = $2 AND cited_memory_ids <> '{}' AND cited_memory_ids && $3`,
};
const VOID_ANSWERS_IN_FLIGHT = {
  name: 'void-answers-in-flight',
  text: `UPDATE idempotency_keys SET voided = true WHERE namespace = $1 AND user_id = $2 AND status IS NULL`,
};
const FORGET_ANSWERS = {
  name: 'forget-answers',
  text: 'DELETE FROM idempotency_keys WHERE namespace = $1 AND user_id = $2 AND status IS NOT NULL',
};

/**
 * Takes a memory, with what it has replaced, out of everything that is recalled and out of stored injections, forgets
 * the user's kept answers, and lets none be kept that is being made now. Statements of their own, in a transaction:
 * each has to see what was committed while the one before it waited for a lock.
 * @returns the memories whose index objects are to be removed or written again; null when there was none
 */
export async function deleteMemory(
  on: Queryable,
  owner: { namespace: string; userId: string },
  id: string,
): Promise<string[] | null> {
  const key = [owner.namespace, owner.userId];
  if ((await run(on, DELETE, [...key, id])).rowCount !== 1) return null;
  const history = await run<{ id: string }>(on, DELETE_HISTORY, [...key, id]);
  const own = [id, ...history.rows.map((row) => row.id)];
  const gone = [...own, ...(await deleteFactsFrom(on, owner, own))];
  await forgetTracesOf(on, owner, gone);
  await forgetVersionsOf(on, owner, gone);
  if (await markEpisodesStale(on, owner, gone)) await markTiersPending(on, owner);
  const changed = [...gone, ...(await memoriesInContextOf(on, owner, gone))];
  await markIndexPending(on, owner, changed);
  return changed;
}

const DELETE_FACTS = {
  name: 'delete-facts-from',
  text: `UPDATE memories f SET deleted_at = clock_timestamp() FROM memories m
          WHERE m.namespace = $1 AND m.user_id = $2 AND m.id = ANY ($3) AND m.tier = 'raw'
            AND f.namespace = $1 AND f.user_id = $2 AND f.tier = 'fact' AND f.deleted_at IS NULL AND NOT f.id = ANY ($3)
            AND f.source_message_ids && m.source_message_ids
            AND (f.conversation_id = m.conversation_id
                 OR (f.conversation_id IS NULL AND f.metadata -> 'conversation_ids' ? m.conversation_id))
         RETURNING f.id`,
};

/**
 * Deletes the facts that were read from these raw memories' messages, and what a language model has said and nobody has
 * used yet: it may quote them.
 * @returns their ids
 */
export async function deleteFactsFrom(
  on: Queryable,
  owner: { namespace: string; userId: string },
  ids: readonly string[],
): Promise<string[]> {
  await forgetModelResults(on, owner, null);
  const result = await run<{ id: string }>(on, DELETE_FACTS, [owner.namespace, owner.userId, ids]);
  return result.rows.map((row) => row.id);
}

/** Takes gone memories, and summaries that say something of them, out of stored injections and kept answers; in the transaction that made them go. */
export async function forgetTracesOf(
  on: Queryable,
  owner: { namespace: string; userId: string },
  ids: readonly string[],
): Promise<void> {
  const key = [owner.namespace, owner.userId];
  await run(on, FORGET_INJECTIONS, [...key, ids]);
  await run(on, FORGET_INJECTED_SUMMARIES, [...key, ids]);
  // In this order: an answer that is kept between the two is forgotten by the second.
  await run(on, VOID_ANSWERS_IN_FLIGHT, key);
  await run(on, FORGET_ANSWERS, key);
}

import type { FlushReason, PlannedBatch } from '../domain/batching';
import { sha256Hex } from '../domain/ids';
import type { ConversationRef } from '../domain/message';
import type { ConversationState } from './conversations';
import { run, type Queryable } from './pool';

/** A batch as its row says. */
export interface BatchRow {
  firstSeq: number;
  lastSeq: number;
  reason: FlushReason;
  memoryId: string;
  attempts: number;
  /** All its messages came by imports that are cancelled; what a retry has put back is not given up with them. */
  cancelled: boolean;
}

export interface FailedRange {
  fromSeq: number;
  throughSeq: number;
  reason: string;
}

const INSERT = {
  name: 'insert-batches',
  text: `WITH moved AS (
           UPDATE conversations SET planned_through = $6, announced_through = greatest(announced_through, $6),
                  considered_through = greatest(considered_through, $9)
            WHERE namespace = $1 AND user_id = $2 AND conversation_id = $3
              AND planned_through = $5 AND ingestion_policy = $7 AND erase_epoch = $8
           RETURNING 1)
         INSERT INTO batches (namespace, user_id, conversation_id, first_seq, last_seq, reason, memory_id)
         SELECT $1, $2, $3, b.first_seq, b.last_seq, b.reason, b.memory_id
           FROM jsonb_to_recordset($4) AS b (first_seq bigint, last_seq bigint, reason text, memory_id uuid)
          WHERE EXISTS (SELECT 1 FROM moved)`,
};

/** What a plan was made from: if any of it has changed, the plan is void. */
export type PlanBasis = Pick<ConversationState, 'plannedThrough' | 'ingestionPolicy' | 'eraseEpoch'>;

/**
 * Writes a plan down: a plan is a row, and every retry reads it. One statement compares and sets, so that the
 * conversation's lock is held by the server alone and never waits for a busy process.
 * @param consideredThrough see noteConsidered; 0 when there is nothing to note
 * @returns false when another plan or another policy came in between: plan again
 */
export async function insertBatches(
  on: Queryable,
  ref: ConversationRef,
  batches: readonly (PlannedBatch & { memoryId: string })[],
  basis: PlanBasis,
  consideredThrough = 0,
): Promise<boolean> {
  const rows = batches.map((batch) => ({
    first_seq: batch.firstSeq,
    last_seq: batch.lastSeq,
    reason: batch.reason,
    memory_id: batch.memoryId,
  }));
  const result = await run(on, INSERT, [
    ...key(ref),
    JSON.stringify(rows),
    basis.plannedThrough,
    batches.at(-1)?.lastSeq ?? basis.plannedThrough,
    JSON.stringify(basis.ingestionPolicy),
    basis.eraseEpoch,
    consideredThrough,
  ]);
  return result.rowCount === batches.length;
}

const UNFINISHED = {
  name: 'unfinished-batches',
  text: `SELECT b.first_seq, b.last_seq, b.reason, b.memory_id, b.attempts,
                NOT b.reopened AND NOT EXISTS (
                  SELECT 1 FROM messages m
                    LEFT JOIN imports i ON i.namespace = m.namespace AND i.import_id = m.import_id
                   WHERE m.namespace = $1 AND m.user_id = $2 AND m.conversation_id = $3
                     AND m.seq BETWEEN b.first_seq AND b.last_seq AND i.cancelled_at IS NULL) AS cancelled
           FROM batches b
          WHERE b.namespace = $1 AND b.user_id = $2 AND b.conversation_id = $3 AND b.status = 'planned'
          ORDER BY b.first_seq LIMIT $4`,
};

/** Batches that are planned but neither indexed nor failed, in order. */
export async function unfinishedBatches(
  on: Queryable,
  ref: ConversationRef,
  limit: number,
): Promise<BatchRow[]> {
  const result = await run<{
    first_seq: number;
    last_seq: number;
    reason: FlushReason;
    memory_id: string;
    attempts: number;
    cancelled: boolean;
  }>(on, UNFINISHED, [...key(ref), limit]);
  return result.rows.map((row) => ({
    firstSeq: row.first_seq,
    lastSeq: row.last_seq,
    reason: row.reason,
    memoryId: row.memory_id,
    attempts: row.attempts,
    cancelled: row.cancelled,
  }));
}

const COUNT_ATTEMPT = {
  name: 'count-batch-attempt',
  text: `UPDATE batches SET attempts = attempts + 1
          WHERE namespace = $1 AND user_id = $2 AND conversation_id = $3 AND first_seq = ANY ($4) AND status = 'planned'`,
};

/** Counts a try that ended in an error nobody expected; a range that does so again and again is given up. */
export async function countAttempt(
  on: Queryable,
  ref: ConversationRef,
  firstSeqs: readonly number[],
): Promise<void> {
  await run(on, COUNT_ATTEMPT, [...key(ref), firstSeqs]);
}

/** In the order of their ids, whatever the order of what is counted. */
const LOCK_IMPORTS = `imports_locked AS MATERIALIZED (
           SELECT i.import_id FROM imports i
            WHERE i.namespace = $1 AND i.import_id IN (SELECT import_id FROM ended) ORDER BY i.import_id FOR UPDATE)`;

/** The rate is told from a mark that is one to two of these intervals old. */
const MARK_EVERY = `interval '10 seconds'`;
const MARK_IS_OLD = `i.next_mark_at < clock_timestamp() - ${MARK_EVERY}`;
const MOVE_MARKS = `
                  mark_at = CASE WHEN ${MARK_IS_OLD} THEN i.next_mark_at ELSE coalesce(i.mark_at, clock_timestamp()) END,
                  mark_done = CASE WHEN ${MARK_IS_OLD} THEN i.next_mark_done
                                   WHEN i.mark_at IS NULL THEN i.indexed + i.failed ELSE i.mark_done END,
                  next_mark_at = CASE WHEN ${MARK_IS_OLD} THEN clock_timestamp()
                                      ELSE coalesce(i.next_mark_at, clock_timestamp()) END,
                  next_mark_done = CASE WHEN i.next_mark_at IS NULL OR ${MARK_IS_OLD}
                                        THEN i.indexed + i.failed ELSE i.next_mark_done END`;

const FINISH = {
  name: 'finish-batches',
  text: `WITH locked AS MATERIALIZED (
           SELECT planned_through FROM conversations
            WHERE namespace = $1 AND user_id = $2 AND conversation_id = $3 FOR UPDATE),
         outcome AS (
           SELECT o.first_seq, o.failure_reason FROM jsonb_to_recordset($4) AS o (first_seq bigint, failure_reason text)),
         finished AS (
           UPDATE batches b SET status = CASE WHEN o.failure_reason IS NULL THEN 'indexed' ELSE 'failed' END,
                  failure_reason = o.failure_reason, finished_at = clock_timestamp()
             FROM outcome o, locked
            WHERE b.namespace = $1 AND b.user_id = $2 AND b.conversation_id = $3 AND b.first_seq = o.first_seq
              AND b.status = 'planned'
           RETURNING b.first_seq, b.last_seq, b.status),
         late AS (
           UPDATE episodes e SET stale_since = coalesce(e.stale_since, clock_timestamp()), revision = e.revision + 1
            WHERE e.namespace = $1 AND e.user_id = $2 AND e.conversation_id = $3 AND e.ended_by IS NOT NULL
              AND EXISTS (SELECT 1 FROM finished f WHERE f.first_seq BETWEEN e.first_seq AND e.last_seq)),
         ended AS MATERIALIZED (
           SELECT m.import_id, count(*) FILTER (WHERE f.status = 'indexed') AS indexed,
                  count(*) FILTER (WHERE f.status = 'failed') AS failed
             FROM finished f
             JOIN messages m ON m.namespace = $1 AND m.user_id = $2 AND m.conversation_id = $3
              AND m.seq BETWEEN f.first_seq AND f.last_seq
            WHERE m.import_id IS NOT NULL GROUP BY m.import_id),
         ${LOCK_IMPORTS},
         counted AS (
           UPDATE imports i
              SET indexed = i.indexed + e.indexed, failed = i.failed + e.failed, progressed_at = clock_timestamp(),
                  ${MOVE_MARKS}
             FROM ended e, imports_locked l
            WHERE i.namespace = $1 AND i.import_id = e.import_id AND l.import_id = e.import_id),
         moved AS (
           UPDATE conversations c
              SET indexed_through = coalesce(
                    (SELECT min(b.first_seq) - 1 FROM batches b
                      WHERE b.namespace = $1 AND b.user_id = $2 AND b.conversation_id = $3 AND b.status = 'planned'
                        AND b.first_seq NOT IN (SELECT first_seq FROM outcome)), locked.planned_through)
             FROM locked
            WHERE c.namespace = $1 AND c.user_id = $2 AND c.conversation_id = $3
           RETURNING c.indexed_through)
         SELECT indexed_through, pg_notify($5, $6) FROM moved`,
};

/** Postgres channel on which a moved cursor is told; the payload is `progressKey`. */
export const PROGRESS_CHANNEL = 'conversation_progress';
const PROGRESS_KEY_HEX_CHARS = 32;

/** The payload that tells of a conversation's cursor: a hash, so that no user's id is on the channel. */
export function progressKey(ref: ConversationRef): string {
  return sha256Hex(JSON.stringify(key(ref))).slice(0, PROGRESS_KEY_HEX_CHARS);
}

/**
 * Ends batches (`failureReason` null: indexed), counts their messages in the imports that brought them, moves the cursor
 * to where everything is terminal, and wakes whoever waits.
 * Again is harmless.
 * @returns the cursor: everything up to it is indexed or failed
 */
export async function finishBatches(
  on: Queryable,
  ref: ConversationRef,
  outcomes: readonly { firstSeq: number; failureReason: string | null }[],
): Promise<number> {
  const rows = outcomes.map((outcome) => ({
    first_seq: outcome.firstSeq,
    failure_reason: outcome.failureReason,
  }));
  const result = await run<{ indexed_through: number }>(on, FINISH, [
    ...key(ref),
    JSON.stringify(rows),
    PROGRESS_CHANNEL,
    progressKey(ref),
  ]);
  return result.rows[0]?.indexed_through ?? 0;
}

const FAILED = {
  name: 'failed-ranges',
  text: `SELECT first_seq, last_seq, failure_reason FROM batches
          WHERE namespace = $1 AND user_id = $2 AND conversation_id = $3 AND status = 'failed' ORDER BY first_seq`,
};

/** The ranges that failed, with their reasons. */
export async function failedRanges(on: Queryable, ref: ConversationRef): Promise<FailedRange[]> {
  const result = await run<{ first_seq: number; last_seq: number; failure_reason: string }>(
    on,
    FAILED,
    key(ref),
  );
  return result.rows.map((row) => ({
    fromSeq: row.first_seq,
    throughSeq: row.last_seq,
    reason: row.failure_reason,
  }));
}

const RETRY = {
  name: 'retry-failed',
  text: `WITH locked AS MATERIALIZED (
           SELECT 1 FROM conversations WHERE namespace = $1 AND user_id = $2 AND conversation_id = $3 FOR UPDATE),
         failed AS MATERIALIZED (
           SELECT b.first_seq, b.last_seq, b.failure_reason FROM batches b, locked
            WHERE b.namespace = $1 AND b.user_id = $2 AND b.conversation_id = $3 AND b.status = 'failed'),
         reopened AS (
           UPDATE batches b SET status = 'planned', failure_reason = NULL, finished_at = NULL, attempts = 0, reopened = true
             FROM failed f
            WHERE b.namespace = $1 AND b.user_id = $2 AND b.conversation_id = $3 AND b.first_seq = f.first_seq),
         ended AS MATERIALIZED (
           SELECT m.import_id, count(*) AS failed
             FROM failed f
             JOIN messages m ON m.namespace = $1 AND m.user_id = $2 AND m.conversation_id = $3
              AND m.seq BETWEEN f.first_seq AND f.last_seq
            WHERE m.import_id IS NOT NULL GROUP BY m.import_id),
         ${LOCK_IMPORTS},
         counted AS (
           UPDATE imports i SET failed = i.failed - e.failed FROM ended e, imports_locked l
            WHERE i.namespace = $1 AND i.import_id = e.import_id AND l.import_id = e.import_id),
         moved AS (
           UPDATE conversations c
              SET indexed_through = least(c.indexed_through, (SELECT min(first_seq) - 1 FROM failed)),
                  announced_through = least(c.announced_through, (SELECT min(first_seq) - 1 FROM failed))
            WHERE c.namespace = $1 AND c.user_id = $2 AND c.conversation_id = $3 AND EXISTS (SELECT 1 FROM failed))
         SELECT first_seq, last_seq, failure_reason FROM failed ORDER BY first_seq`,
};

/**
 * Puts failed ranges back to "planned"; the cursor goes back in front of the first, and so does what counts as announced:
 * if whoever is to tell Temporal dies first, the sweep does.
 * @returns what was put back
 */
export async function reopenFailed(on: Queryable, ref: ConversationRef): Promise<FailedRange[]> {
  const result = await run<{ first_seq: number; last_seq: number; failure_reason: string }>(
    on,
    RETRY,
    key(ref),
  );
  return result.rows.map((row) => ({
    fromSeq: row.first_seq,
    throughSeq: row.last_seq,
    reason: row.failure_reason,
  }));
}

function key(ref: ConversationRef): string[] {
  return [ref.namespace, ref.userId, ref.conversationId];
}

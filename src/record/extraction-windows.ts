import type { Pool } from 'pg';
import { WINDOW_MESSAGES } from '../domain/extraction';
import type { ConversationRef } from '../domain/message';
import { lockConversation } from './conversations';
import { run, transaction, type Queryable } from './pool';

/** A range of messages that is read in one call. */
export interface ExtractionWindow {
  firstSeq: number;
  lastSeq: number;
}

const LAST = {
  name: 'last-extraction-window',
  text: `SELECT first_seq, last_seq, status = 'planned' AND reason IS NULL AS open FROM extraction_windows
          WHERE namespace = $1 AND user_id = $2 AND conversation_id = $3 ORDER BY first_seq DESC LIMIT 1`,
};
// Full ones are closed; the last one stays open for what follows, until it has been silent.
const WRITE = {
  name: 'write-extraction-windows',
  text: `INSERT INTO extraction_windows AS w (namespace, user_id, conversation_id, first_seq, last_seq, reason, due_at)
         SELECT $1, $2, $3, f, least(f + ${WINDOW_MESSAGES} - 1, $5), CASE WHEN f + ${WINDOW_MESSAGES} - 1 <= $5 THEN 'full' END,
                clock_timestamp() + CASE WHEN f + ${WINDOW_MESSAGES} - 1 <= $5 THEN 0 ELSE $6 END * interval '1 millisecond'
           FROM generate_series($4::bigint, $5::bigint, ${WINDOW_MESSAGES}) AS f
         ON CONFLICT (namespace, user_id, conversation_id, first_seq) DO UPDATE
            SET last_seq = excluded.last_seq, reason = excluded.reason, due_at = excluded.due_at`,
};

/**
 * Cuts what is indexed and in no window into windows. The last one stays open until it is full, or silent.
 */
export async function planExtraction(pool: Pool, ref: ConversationRef, tailAfterMs: number): Promise<void> {
  await transaction(pool, async (client) => {
    const state = await lockConversation(client, ref);
    if (!state) return;
    const last = (await run<{ first_seq: number; last_seq: number; open: boolean }>(client, LAST, key(ref)))
      .rows[0];
    if (last && last.last_seq >= state.indexedThrough) return;
    const from = last?.open ? last.first_seq : (last?.last_seq ?? 0) + 1;
    if (from > state.indexedThrough) return;
    await run(client, WRITE, [...key(ref), from, state.indexedThrough, tailAfterMs]);
  });
}

const CLOSE_SILENT = {
  name: 'close-silent-windows',
  text: `UPDATE extraction_windows SET reason = 'silence'
          WHERE status = 'planned' AND reason IS NULL AND due_at <= clock_timestamp()`,
};
const DUE = {
  name: 'due-extractions',
  text: `SELECT DISTINCT namespace, user_id, conversation_id FROM (
           SELECT namespace, user_id, conversation_id FROM extraction_windows
            WHERE status <> 'done' AND reason IS NOT NULL AND due_at <= clock_timestamp() ORDER BY due_at LIMIT $1) AS due`,
};

/** Conversations with windows to read now, silent tails among them. */
export async function dueExtractions(on: Queryable, limit: number): Promise<ConversationRef[]> {
  await run(on, CLOSE_SILENT);
  const result = await run<{ namespace: string; user_id: string; conversation_id: string }>(on, DUE, [limit]);
  return result.rows.map((row) => ({
    namespace: row.namespace,
    userId: row.user_id,
    conversationId: row.conversation_id,
  }));
}

const NEXT = {
  name: 'next-extraction-window',
  text: `SELECT first_seq, last_seq FROM extraction_windows
          WHERE namespace = $1 AND user_id = $2 AND conversation_id = $3
            AND status <> 'done' AND reason IS NOT NULL AND due_at <= clock_timestamp() ORDER BY first_seq LIMIT 1`,
};

/** The next window of a conversation to be read now. */
export async function nextExtractionWindow(
  on: Queryable,
  ref: ConversationRef,
): Promise<ExtractionWindow | null> {
  const row = (await run<{ first_seq: number; last_seq: number }>(on, NEXT, key(ref))).rows[0];
  return row ? { firstSeq: row.first_seq, lastSeq: row.last_seq } : null;
}

const DEGRADE = {
  name: 'degrade-extraction-window',
  text: `UPDATE extraction_windows SET status = 'degraded', reason = $5, due_at = greatest($6, clock_timestamp())
          WHERE namespace = $1 AND user_id = $2 AND conversation_id = $3 AND first_seq = $4 AND status <> 'done'`,
};

/** Leaves a window without the model for now. */
export async function degradeWindow(
  on: Queryable,
  ref: ConversationRef,
  firstSeq: number,
  reason: string,
  dueAt: Date,
): Promise<void> {
  await run(on, DEGRADE, [...key(ref), firstSeq, reason, dueAt]);
}

const LOCK = {
  name: 'lock-extraction-window',
  text: `SELECT status FROM extraction_windows
          WHERE namespace = $1 AND user_id = $2 AND conversation_id = $3 AND first_seq = $4 FOR UPDATE`,
};

/** Locks a window until the transaction ends. @returns whether it is still to be read */
export async function lockWindow(on: Queryable, ref: ConversationRef, firstSeq: number): Promise<boolean> {
  const row = (await run<{ status: string }>(on, LOCK, [...key(ref), firstSeq])).rows[0];
  return row !== undefined && row.status !== 'done';
}

/** What came of a window. */
export interface ExtractionCounts {
  /** Memories shown to be compared with. */
  existingChecked: number;
  /** Memories superseded. */
  updatesMade: number;
  /** Memories that were said again. */
  duplicatesAvoided: number;
}

const FINISH = {
  name: 'finish-extraction-window',
  text: `UPDATE extraction_windows SET status = 'done', finished_at = clock_timestamp(),
                existing_checked = $5, updates_made = $6, duplicates_avoided = $7
          WHERE namespace = $1 AND user_id = $2 AND conversation_id = $3 AND first_seq = $4`,
};

export async function finishWindow(
  on: Queryable,
  ref: ConversationRef,
  firstSeq: number,
  counts: ExtractionCounts,
): Promise<void> {
  await run(on, FINISH, [
    ...key(ref),
    firstSeq,
    counts.existingChecked,
    counts.updatesMade,
    counts.duplicatesAvoided,
  ]);
}

const COUNTS = {
  name: 'extraction-counts',
  text: `SELECT coalesce(sum(existing_checked), 0) AS existing_checked, coalesce(sum(updates_made), 0) AS updates_made,
                coalesce(sum(duplicates_avoided), 0) AS duplicates_avoided,
                count(*) FILTER (WHERE status = 'planned' AND reason IS NOT NULL) AS waiting,
                count(*) FILTER (WHERE status = 'degraded') AS degraded
           FROM extraction_windows
          WHERE namespace = $1 AND user_id = $2 AND conversation_id = $3 AND first_seq <= $5 AND last_seq >= $4`,
};

/** What came of the windows that hold these messages, how many are being read now, and how many were left for later. */
export async function extractionCounts(
  on: Queryable,
  ref: ConversationRef,
  fromSeq: number,
  throughSeq: number,
): Promise<ExtractionCounts & { waiting: number; degraded: number }> {
  const row = (
    await run<{
      existing_checked: number;
      updates_made: number;
      duplicates_avoided: number;
      waiting: number;
      degraded: number;
    }>(on, COUNTS, [...key(ref), fromSeq, throughSeq])
  ).rows[0]!;
  return {
    existingChecked: row.existing_checked,
    updatesMade: row.updates_made,
    duplicatesAvoided: row.duplicates_avoided,
    waiting: row.waiting,
    degraded: row.degraded,
  };
}

const ANY_DEGRADED = {
  name: 'any-degraded-window',
  text: `SELECT EXISTS (SELECT 1 FROM extraction_windows
          WHERE namespace = $1 AND user_id = $2 AND conversation_id = $3 AND status = 'degraded') AS found`,
};

/** Whether the language model has failed at a part of a conversation, which is tried again later. */
export async function isReadingDegraded(on: Queryable, ref: ConversationRef): Promise<boolean> {
  return (await run<{ found: boolean }>(on, ANY_DEGRADED, key(ref))).rows[0]!.found;
}

function key(ref: ConversationRef): string[] {
  return [ref.namespace, ref.userId, ref.conversationId];
}

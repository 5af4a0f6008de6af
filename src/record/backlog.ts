import { run, type Queryable } from './pool';

/** Conversations and batches looked at: beyond it the figures say "at least". */
const MAX_ROWS = 10_000;
/** The age of what waits is read of so many conversations, those that changed least lately first. */
const MAX_AGED = 500;

export type PendingPhase = 'buffering' | 'indexing' | 'held';

/** What is accepted and not yet indexed, over all users and namespaces. */
export interface Backlog {
  messages: Record<PendingPhase, number>;
  /** Age of the oldest, in seconds; 0 when there is none. Of held ones it is not read: a pause may last. */
  oldestSeconds: Record<Exclude<PendingPhase, 'held'>, number>;
  failedMessages: number;
  /** Since any worker was last alive; null when none ever was. */
  workerSeenSeconds: number | null;
}

// Each part goes by a partial index of what is unfinished, and stops after MAX_ROWS.
const BACKLOG = {
  name: 'backlog',
  text: `
  WITH unsettled AS MATERIALIZED (
    SELECT namespace, user_id, conversation_id, planned_through, due_through, updated_at FROM conversations
     WHERE NOT settled LIMIT ${MAX_ROWS}
  ), waiting AS (
    SELECT m.stored_at FROM (
      SELECT * FROM unsettled WHERE planned_through < due_through ORDER BY updated_at LIMIT ${MAX_AGED}) AS u
      JOIN messages m ON m.namespace = u.namespace AND m.user_id = u.user_id AND m.conversation_id = u.conversation_id
       AND m.seq = u.planned_through + 1
  ), planned AS MATERIALIZED (
    SELECT last_seq - first_seq + 1 AS messages, planned_at FROM batches WHERE status = 'planned' LIMIT ${MAX_ROWS}
  )
  SELECT (SELECT coalesce(sum(due_through - planned_through), 0) FROM unsettled)::bigint AS buffering,
         (SELECT coalesce(sum(messages), 0) FROM planned)::bigint AS indexing,
         (SELECT coalesce(sum(waiting), 0) FROM (
            SELECT c.waiting FROM imports i JOIN import_conversations c USING (namespace, import_id)
             WHERE i.ended_at IS NULL AND c.state <> 'done' LIMIT ${MAX_ROWS}) AS held)::bigint AS held,
         (SELECT coalesce(sum(last_seq - first_seq + 1), 0) FROM (
            SELECT first_seq, last_seq FROM batches WHERE status = 'failed' LIMIT ${MAX_ROWS}) AS failed)::bigint AS failed,
         (SELECT coalesce(extract(epoch FROM clock_timestamp() - min(stored_at)), 0) FROM waiting)::float8 AS buffering_seconds,
         (SELECT coalesce(extract(epoch FROM clock_timestamp() - min(planned_at)), 0) FROM planned)::float8 AS indexing_seconds,
         (SELECT extract(epoch FROM clock_timestamp() - max(seen_at)) FROM worker_heartbeats)::float8 AS worker_seconds`,
};

/** Reads the backlog, in bounded time whatever its size. */
export async function readBacklog(on: Queryable): Promise<Backlog> {
  const row = (
    await run<{
      buffering: number;
      indexing: number;
      held: number;
      failed: number;
      buffering_seconds: number;
      indexing_seconds: number;
      worker_seconds: number | null;
    }>(on, BACKLOG)
  ).rows[0]!;
  return {
    messages: { buffering: row.buffering, indexing: row.indexing, held: row.held },
    oldestSeconds: { buffering: row.buffering_seconds, indexing: row.indexing_seconds },
    failedMessages: row.failed,
    workerSeenSeconds: row.worker_seconds,
  };
}

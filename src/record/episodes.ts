import type { Pool } from 'pg';
import type { ClosedEpisode, EpisodePlan, EpisodeUnit } from '../domain/episodes';
import type { ConversationRef } from '../domain/message';
import { retryDeadlocks, run, type Queryable } from './pool';

/** Batches one cutting looks at; more than any episode has messages. */
export const EPISODE_PAGE_BATCHES = 1_000;

/** An episode's row. */
export interface Episode {
  ref: ConversationRef;
  firstSeq: number;
  lastSeq: number;
  summaryId: string;
  open: boolean;
  revision: number;
}

const UNITS = {
  name: 'episode-units',
  text: `SELECT c.appended_through, c.erase_epoch, b.first_seq, b.last_seq, t.from_at, t.to_at, t.heard_at,
                clock_timestamp() AS now,
                EXISTS (SELECT 1 FROM import_conversations p JOIN imports i USING (namespace, import_id)
                         WHERE p.namespace = $1 AND p.user_id = $2 AND p.conversation_id = $3 AND p.state = 'open'
                           AND i.ended_at IS NULL) AS receiving
           FROM conversations c
          CROSS JOIN LATERAL (
            SELECT first_seq, last_seq FROM batches
             WHERE namespace = $1 AND user_id = $2 AND conversation_id = $3 AND last_seq <= c.indexed_through
               AND first_seq >= coalesce((
                   SELECT max(last_seq) + 1 FROM episodes
                    WHERE namespace = $1 AND user_id = $2 AND conversation_id = $3 AND ended_by IS NOT NULL), 1)
             ORDER BY first_seq LIMIT ${EPISODE_PAGE_BATCHES}) b
          CROSS JOIN LATERAL (
            SELECT min(coalesce(said_at, stored_at)) AS from_at, max(coalesce(said_at, stored_at)) AS to_at,
                   max(CASE WHEN import_id IS NULL THEN stored_at ELSE coalesce(said_at, stored_at) END) AS heard_at
              FROM messages WHERE namespace = $1 AND user_id = $2 AND conversation_id = $3
               AND seq BETWEEN b.first_seq AND b.last_seq) t
          WHERE c.namespace = $1 AND c.user_id = $2 AND c.conversation_id = $3
          ORDER BY b.first_seq`,
};

/** What a conversation's next episodes are cut from. */
export interface EpisodeUnits {
  /** The indexed batches that are in no closed episode, at least one, in order, without vectors. */
  units: EpisodeUnit[];
  /** There are more of them than one cutting looks at. */
  truncated: boolean;
  /** More is stored than these, or an import whose body has not ended may bring more. */
  moreComes: boolean;
  eraseEpoch: number;
  /** By Postgres' clock. */
  nowMs: number;
}

/** Null when everything indexed is in closed episodes, and of an unknown conversation. */
export async function episodeUnits(on: Queryable, ref: ConversationRef): Promise<EpisodeUnits | null> {
  const { rows } = await run<{
    appended_through: number;
    erase_epoch: number;
    first_seq: number;
    last_seq: number;
    from_at: Date;
    to_at: Date;
    heard_at: Date;
    now: Date;
    receiving: boolean;
  }>(on, UNITS, key(ref));
  const last = rows.at(-1);
  if (!last) return null;
  const truncated = rows.length === EPISODE_PAGE_BATCHES;
  return {
    units: rows.map((row) => ({
      firstSeq: row.first_seq,
      lastSeq: row.last_seq,
      messages: row.last_seq - row.first_seq + 1,
      fromMs: row.from_at.getTime(),
      toMs: row.to_at.getTime(),
      heardMs: row.heard_at.getTime(),
      vector: null,
    })),
    truncated,
    moreComes: truncated || last.receiving || last.appended_through > last.last_seq,
    eraseEpoch: last.erase_epoch,
    nowMs: rows[0]!.now.getTime(),
  };
}

const CUT = { name: 'cut-episodes', text: 'SELECT cut_episodes($1, $2, $3, $4, $5, $6) AS stale' };

/**
 * Writes down how a conversation was cut; closed episodes never change their bounds.
 * @param fromSeq where the plan starts; void when another has closed something since
 * @param lookAgainAtMs when the sweep looks after an open episode whose end nobody knows
 * @returns the episodes whose summaries are behind now, in order, the first `staleLimit`; null when the plan was void:
 * cut again
 */
export async function cutEpisodes(
  pool: Pool,
  ref: ConversationRef,
  fromSeq: number,
  plan: EpisodePlan,
  lookAgainAtMs: number,
  summaryIdOf: (firstSeq: number) => string,
  staleLimit: number,
): Promise<Episode[] | null> {
  const row = (one: { firstSeq: number; lastSeq: number }, end: ClosedEpisode['end'] | null): object => ({
    first_seq: one.firstSeq,
    last_seq: one.lastSeq,
    summary_id: summaryIdOf(one.firstSeq),
    ended_by: end,
    ends_at: end === null ? new Date(plan.endsAtMs ?? lookAgainAtMs) : null,
  });
  const closed = plan.closed.map((one) => row(one, one.end));
  const open = plan.open ? [row(plan.open, null)] : [];
  return retryDeadlocks(async () => {
    const result = await run<{ stale: EpisodeRow[] | null }>(pool, CUT, [
      ...key(ref),
      fromSeq,
      JSON.stringify([...closed, ...open]),
      staleLimit,
    ]);
    return result.rows[0]!.stale?.map(fromRow) ?? null;
  });
}

const EPISODE_COLUMNS = `namespace, user_id, conversation_id, first_seq, last_seq, summary_id, ended_by, revision`;
interface EpisodeRow {
  namespace: string;
  user_id: string;
  conversation_id: string;
  first_seq: number;
  last_seq: number;
  summary_id: string;
  ended_by: string | null;
  revision: number;
}

const STALE_OF_CONVERSATION = {
  name: 'stale-episodes-of-conversation',
  text: `SELECT ${EPISODE_COLUMNS} FROM episodes
          WHERE namespace = $1 AND user_id = $2 AND conversation_id = $3 AND stale_since IS NOT NULL
          ORDER BY first_seq LIMIT $4`,
};
const STALE_OF_USER = {
  name: 'stale-episodes-of-user',
  text: `SELECT ${EPISODE_COLUMNS} FROM episodes WHERE namespace = $1 AND user_id = $2 AND stale_since IS NOT NULL
          ORDER BY conversation_id, first_seq LIMIT $3`,
};
const STALE = {
  name: 'stale-episodes',
  text: `SELECT ${EPISODE_COLUMNS} FROM episodes WHERE stale_since < clock_timestamp() - $1 * interval '1 ms'
          ORDER BY stale_since LIMIT $2`,
};

/** Episodes whose summaries are behind: of a conversation, in order. */
export async function staleEpisodesOf(
  on: Queryable,
  ref: ConversationRef,
  limit: number,
): Promise<Episode[]> {
  return (await run<EpisodeRow>(on, STALE_OF_CONVERSATION, [...key(ref), limit])).rows.map(fromRow);
}

/** Episodes whose summaries are behind: of a user. */
export async function staleEpisodesOfUser(
  on: Queryable,
  owner: { namespace: string; userId: string },
  limit: number,
): Promise<Episode[]> {
  return (await run<EpisodeRow>(on, STALE_OF_USER, [owner.namespace, owner.userId, limit])).rows.map(fromRow);
}

/** Episodes of anybody whose summaries have been behind for a while, the longest first. */
export async function staleEpisodes(on: Queryable, staleForMs: number, limit: number): Promise<Episode[]> {
  return (await run<EpisodeRow>(on, STALE, [staleForMs, limit])).rows.map(fromRow);
}

const MARK_STALE = {
  name: 'mark-episodes-stale',
  text: `WITH sources AS (
           SELECT conversation_id, first_seq, last_seq FROM memories
            WHERE namespace = $1 AND user_id = $2 AND id = ANY ($3) AND tier = 'raw' AND first_seq IS NOT NULL),
         chosen AS MATERIALIZED (
           SELECT e.conversation_id, e.first_seq FROM episodes e
            WHERE e.namespace = $1 AND e.user_id = $2
              AND EXISTS (SELECT 1 FROM sources s WHERE s.conversation_id = e.conversation_id
                             AND s.first_seq BETWEEN e.first_seq AND e.last_seq)
            ORDER BY e.conversation_id, e.first_seq FOR UPDATE)
         UPDATE episodes e SET stale_since = coalesce(e.stale_since, clock_timestamp()), revision = e.revision + 1
           FROM chosen c
          WHERE e.namespace = $1 AND e.user_id = $2 AND e.conversation_id = c.conversation_id AND e.first_seq = c.first_seq`,
};

/**
 * Notes that these raw memories have changed (came late, were deleted, rewritten or have expired): the summaries of
 * their episodes are made again. In the transaction that changed them.
 * @returns whether there were such episodes
 */
export async function markEpisodesStale(
  on: Queryable,
  owner: { namespace: string; userId: string },
  memoryIds: readonly string[],
): Promise<boolean> {
  const result = await run(on, MARK_STALE, [owner.namespace, owner.userId, memoryIds]);
  return (result.rowCount ?? 0) > 0;
}

const OVERDUE = {
  name: 'overdue-episodes',
  text: `SELECT e.namespace, e.user_id, e.conversation_id, c.due_through FROM episodes e
           JOIN conversations c USING (namespace, user_id, conversation_id)
          WHERE e.ended_by IS NULL AND e.ends_at < clock_timestamp() - $1 * interval '1 ms' AND c.due_through > 0
          ORDER BY e.ends_at LIMIT $2`,
};

/** Conversations whose open episode should have ended: their run was lost, or there were no episodes yet. */
export async function overdueEpisodes(
  on: Queryable,
  overdueForMs: number,
  limit: number,
): Promise<{ ref: ConversationRef; dueThrough: number }[]> {
  const result = await run<{
    namespace: string;
    user_id: string;
    conversation_id: string;
    due_through: number;
  }>(on, OVERDUE, [overdueForMs, limit]);
  return result.rows.map((row) => ({
    ref: { namespace: row.namespace, userId: row.user_id, conversationId: row.conversation_id },
    dueThrough: row.due_through,
  }));
}

/**
 * SQL for "this raw memory is in a closed episode", of a memories row with this alias: what `promote` asks for.
 */
export function coveredByEpisode(alias: string): string {
  return `EXISTS (SELECT 1 FROM episodes e
    WHERE e.namespace = ${alias}.namespace AND e.user_id = ${alias}.user_id
      AND e.conversation_id = ${alias}.conversation_id AND e.ended_by IS NOT NULL
      AND ${alias}.first_seq BETWEEN e.first_seq AND e.last_seq)`;
}

function fromRow(row: EpisodeRow): Episode {
  return {
    ref: { namespace: row.namespace, userId: row.user_id, conversationId: row.conversation_id },
    firstSeq: row.first_seq,
    lastSeq: row.last_seq,
    summaryId: row.summary_id,
    open: row.ended_by === null,
    revision: row.revision,
  };
}

function key(ref: ConversationRef): string[] {
  return [ref.namespace, ref.userId, ref.conversationId];
}

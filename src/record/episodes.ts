import type { Pool } from 'pg';
import type { ClosedEpisode, EpisodePlan, EpisodeUnit } from '../domain/episodes';
import type { ConversationRef } from '../domain/message';
import { run, transaction, type Queryable } from './pool';

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

const NEXT = `coalesce((SELECT max(last_seq) + 1 FROM episodes
                WHERE namespace = $1 AND user_id = $2 AND conversation_id = $3 AND ended_by IS NOT NULL), 1)`;

const UNITS = {
  name: 'episode-units',
  text: `SELECT b.first_seq, b.last_seq, t.from_at, t.to_at, t.heard_at, clock_timestamp() AS now
           FROM (SELECT first_seq, last_seq FROM batches
                  WHERE namespace = $1 AND user_id = $2 AND conversation_id = $3
                    AND first_seq >= ${NEXT} AND last_seq <= $4
                  ORDER BY first_seq LIMIT ${EPISODE_PAGE_BATCHES}) b
          CROSS JOIN LATERAL (
            SELECT min(coalesce(said_at, stored_at)) AS from_at, max(coalesce(said_at, stored_at)) AS to_at,
                   max(CASE WHEN import_id IS NULL THEN stored_at ELSE coalesce(said_at, stored_at) END) AS heard_at
              FROM messages WHERE namespace = $1 AND user_id = $2 AND conversation_id = $3
               AND seq BETWEEN b.first_seq AND b.last_seq) t
          ORDER BY b.first_seq`,
};

/** The batches up to `throughSeq` that are in no closed episode, in order, without vectors; and Postgres' time. */
export async function episodeUnits(
  on: Queryable,
  ref: ConversationRef,
  throughSeq: number,
): Promise<{ units: EpisodeUnit[]; nowMs: number; truncated: boolean }> {
  const result = await run<{
    first_seq: number;
    last_seq: number;
    from_at: Date;
    to_at: Date;
    heard_at: Date;
    now: Date;
  }>(on, UNITS, [...key(ref), throughSeq]);
  return {
    units: result.rows.map((row) => ({
      firstSeq: row.first_seq,
      lastSeq: row.last_seq,
      messages: row.last_seq - row.first_seq + 1,
      fromMs: row.from_at.getTime(),
      toMs: row.to_at.getTime(),
      heardMs: row.heard_at.getTime(),
      vector: null,
    })),
    nowMs: result.rows[0]?.now.getTime() ?? Date.now(),
    truncated: result.rows.length === EPISODE_PAGE_BATCHES,
  };
}

const MORE_COMES = {
  name: 'episode-more-comes',
  text: `SELECT EXISTS (SELECT 1 FROM import_conversations p JOIN imports i USING (namespace, import_id)
                         WHERE p.namespace = $1 AND p.user_id = $2 AND p.conversation_id = $3 AND p.state = 'open'
                           AND i.ended_at IS NULL) AS receiving`,
};

/** Whether an import whose body has not ended may bring more of this conversation. */
export async function importBringsMore(on: Queryable, ref: ConversationRef): Promise<boolean> {
  return (await run<{ receiving: boolean }>(on, MORE_COMES, key(ref))).rows[0]!.receiving;
}

const LOCK = {
  name: 'lock-episodes',
  text: `SELECT pg_advisory_xact_lock(hashtextextended(jsonb_build_array('episodes', $1::text, $2::text, $3::text)::text, 0))`,
};
const NEXT_SEQ = { name: 'next-episode-seq', text: `SELECT ${NEXT} AS next` };
const SAVE = {
  name: 'save-episodes',
  text: `INSERT INTO episodes AS e (namespace, user_id, conversation_id, first_seq, last_seq, summary_id, ended_by, ends_at)
         SELECT $1, $2, $3, n.first_seq, n.last_seq, n.summary_id, n.ended_by, n.ends_at
           FROM jsonb_to_recordset($4) AS n (first_seq bigint, last_seq bigint, summary_id uuid, ended_by text, ends_at timestamptz)
         ON CONFLICT (namespace, user_id, conversation_id, first_seq) DO UPDATE
            SET last_seq = excluded.last_seq, ended_by = excluded.ended_by, ends_at = excluded.ends_at,
                summary_id = excluded.summary_id,
                stale_since = CASE WHEN e.last_seq = excluded.last_seq AND e.ended_by IS NOT DISTINCT FROM excluded.ended_by
                                    AND e.summary_id = excluded.summary_id
                                   THEN e.stale_since ELSE coalesce(e.stale_since, clock_timestamp()) END,
                revision = CASE WHEN e.last_seq = excluded.last_seq AND e.ended_by IS NOT DISTINCT FROM excluded.ended_by
                                 AND e.summary_id = excluded.summary_id
                                THEN e.revision ELSE e.revision + 1 END`,
};

/**
 * Writes down how a conversation was cut; closed episodes never change their bounds.
 * @param fromSeq where the plan starts; void when another has closed something since
 * @param lookAgainAtMs when the sweep looks after an open episode whose end nobody knows
 * @returns false when the plan was void: cut again
 */
export async function saveEpisodes(
  pool: Pool,
  ref: ConversationRef,
  fromSeq: number,
  plan: EpisodePlan,
  lookAgainAtMs: number,
  summaryIdOf: (firstSeq: number) => string,
): Promise<boolean> {
  const row = (one: { firstSeq: number; lastSeq: number }, end: ClosedEpisode['end'] | null): object => ({
    first_seq: one.firstSeq,
    last_seq: one.lastSeq,
    summary_id: summaryIdOf(one.firstSeq),
    ended_by: end,
    ends_at: end === null ? new Date(plan.endsAtMs ?? lookAgainAtMs) : null,
  });
  const closed = plan.closed.map((one) => row(one, one.end));
  const open = plan.open ? [row(plan.open, null)] : [];
  return transaction(pool, async (client) => {
    await run(client, LOCK, key(ref));
    const next = (await run<{ next: number }>(client, NEXT_SEQ, key(ref))).rows[0]!.next;
    if (next !== fromSeq) return false;
    // Apart, so that there are never two open ones.
    if (closed.length > 0) await run(client, SAVE, [...key(ref), JSON.stringify(closed)]);
    if (open.length > 0) await run(client, SAVE, [...key(ref), JSON.stringify(open)]);
    return true;
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

const FRESH = {
  name: 'episode-is-fresh',
  text: `UPDATE episodes SET stale_since = NULL
          WHERE namespace = $1 AND user_id = $2 AND conversation_id = $3 AND first_seq = $4 AND revision = $5`,
};

/** Notes that an episode's summary is as new as this revision of it; in the transaction that wrote the summary. */
export async function markEpisodeFresh(on: Queryable, episode: Episode): Promise<void> {
  await run(on, FRESH, [...key(episode.ref), episode.firstSeq, episode.revision]);
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

import type { Pool } from 'pg';
import type { ConversationRef } from '../domain/message';
import type { Episode } from './episodes';
import { retryDeadlocks, run } from './pool';
import { SUMMARY_RECORD, summaryRecord, upsertSummaries, type NewSummary } from './summaries';

/** What an episode has been made into. */
export interface MadeSummary {
  episode: Episode;
  /** Null: nothing is left that could be told of it. */
  summary: NewSummary | null;
}

// The episodes are locked first, and before any summary is written, since whoever makes one stale locks it first.
const SAVE = {
  name: 'save-episode-summaries',
  text: `WITH made AS MATERIALIZED (
           SELECT e.first_seq FROM jsonb_to_recordset($4) AS g (first_seq bigint, revision bigint)
             JOIN episodes e ON e.namespace = $1 AND e.user_id = $2 AND e.conversation_id = $3
                            AND e.first_seq = g.first_seq AND e.revision = g.revision
            ORDER BY e.first_seq FOR UPDATE OF e),
         fresh AS (
           UPDATE episodes e SET stale_since = NULL FROM made
            WHERE e.namespace = $1 AND e.user_id = $2 AND e.conversation_id = $3 AND e.first_seq = made.first_seq),
         gone AS (
           DELETE FROM summaries
            WHERE namespace = $1 AND user_id = $2 AND id = ANY ($7) AND (SELECT count(*) FROM made) >= 0),
         gone_versions AS (
           DELETE FROM summary_versions WHERE namespace = $1 AND user_id = $2 AND id = ANY ($7)),
         marked AS (
           INSERT INTO tier_marks (namespace, user_id) SELECT $1, $2 WHERE $8)
         ${upsertSummaries(`jsonb_to_recordset($5) AS ${SUMMARY_RECORD}, (SELECT count(*) FROM made) AS locked`, '$6')}`,
};

/**
 * Stores the summaries of a conversation's episodes, and notes which episodes they are as new as; where one of them has
 * ended, that the user's arcs are behind. All of it or nothing.
 * @param upgradeAfterMs how long a degraded one waits at most for a language model to tell it
 */
export async function saveEpisodeSummaries(
  pool: Pool,
  ref: ConversationRef,
  made: readonly MadeSummary[],
  upgradeAfterMs: number,
): Promise<void> {
  const episodes = made.map(({ episode }) => ({ first_seq: episode.firstSeq, revision: episode.revision }));
  const summaries = made.flatMap(({ summary }) => (summary === null ? [] : [summaryRecord(summary)]));
  const gone = made.flatMap(({ episode, summary }) => (summary === null ? [episode.summaryId] : []));
  await retryDeadlocks(() =>
    run(pool, SAVE, [
      ref.namespace,
      ref.userId,
      ref.conversationId,
      JSON.stringify(episodes),
      JSON.stringify(summaries),
      upgradeAfterMs,
      gone,
      made.some(({ episode }) => !episode.open),
    ]),
  );
}

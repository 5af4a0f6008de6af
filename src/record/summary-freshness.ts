import { waitsToBeToldAgain } from '../domain/standing-arc';
import type { Summary } from '../domain/summary';
import { LIVE_MEMORY } from './memories';
import { run, type Queryable } from './pool';
import { areTiersPending } from './tier-marks';

interface Owner {
  namespace: string;
  userId: string;
}

/** How an episode stands against its summary. */
export interface EpisodeStanding {
  /** The last message that belongs to it by now; of an open one, the last that is stored. */
  throughSeq: number;
  /** Raw memories of it that can be recalled; null when they are those that its summary has seen. */
  liveMemories: number | null;
}

const STANDINGS = {
  name: 'episode-standings',
  text: `SELECT e.summary_id, CASE WHEN e.ended_by IS NULL THEN c.appended_through ELSE e.last_seq END AS through_seq,
                CASE WHEN e.stale_since IS NOT NULL THEN (
                  SELECT count(*) FROM memories
                   WHERE namespace = $1 AND user_id = $2 AND conversation_id = e.conversation_id AND tier = 'raw'
                     AND first_seq BETWEEN e.first_seq AND e.last_seq AND ${LIVE_MEMORY}) END AS live_memories
           FROM episodes e JOIN conversations c USING (namespace, user_id, conversation_id)
          WHERE e.namespace = $1 AND e.user_id = $2 AND e.summary_id = ANY ($3)`,
};

/** By summary. */
export async function episodeStandings(
  on: Queryable,
  owner: Owner,
  summaryIds: readonly string[],
): Promise<Map<string, EpisodeStanding>> {
  const result = await run<{ summary_id: string; through_seq: number; live_memories: number | null }>(
    on,
    STANDINGS,
    [owner.namespace, owner.userId, summaryIds],
  );
  return new Map(
    result.rows.map((row) => [
      row.summary_id,
      { throughSeq: row.through_seq, liveMemories: row.live_memories },
    ]),
  );
}

const UNSEEN = {
  name: 'episodes-unseen-by-arcs',
  text: `SELECT a.id, count(*) AS unseen
           FROM jsonb_to_recordset($3) AS a (id uuid, persona text)
           JOIN episodes e ON e.namespace = $1 AND e.user_id = $2 AND e.ended_by IS NOT NULL
           LEFT JOIN summaries s ON s.namespace = $1 AND s.user_id = $2 AND s.id = e.summary_id
           JOIN summaries arc ON arc.namespace = $1 AND arc.user_id = $2 AND arc.id = a.id
          WHERE NOT e.summary_id = ANY (arc.source_ids) AND (s.id IS NULL OR s.persona_tags @> ARRAY[a.persona])
          GROUP BY a.id`,
};

/** How many closed episodes each arc has not seen; nothing for arcs that are up to date. */
export async function episodesUnseen(
  on: Queryable,
  owner: Owner,
  arcs: readonly Summary[],
): Promise<Map<string, number>> {
  if (arcs.length === 0) return new Map();
  const behind = (await areTiersPending(on, owner)) ? arcs : arcs.filter(waitsToBeToldAgain);
  if (behind.length === 0) return new Map();
  const rows = behind.map((arc) => ({ id: arc.id, persona: arc.persona }));
  const result = await run<{ id: string; unseen: number }>(on, UNSEEN, [
    owner.namespace,
    owner.userId,
    JSON.stringify(rows),
  ]);
  return new Map(result.rows.map((row) => [row.id, row.unseen]));
}

const LIVE = {
  name: 'live-memories',
  text: `SELECT id FROM memories WHERE namespace = $1 AND user_id = $2 AND id = ANY ($3) AND ${LIVE_MEMORY}`,
};

/** Which of these memories can be recalled. */
export async function liveMemories(
  on: Queryable,
  owner: Owner,
  ids: readonly string[],
): Promise<Set<string>> {
  if (ids.length === 0) return new Set();
  const result = await run<{ id: string }>(on, LIVE, [owner.namespace, owner.userId, ids]);
  return new Set(result.rows.map((row) => row.id));
}

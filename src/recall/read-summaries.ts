import type { Pool } from 'pg';
import type { Summary, SummaryTier } from '../domain/summary';
import {
  episodesUnseen,
  episodeStandings,
  liveMemories,
  type EpisodeStanding,
} from '../record/summary-freshness';
import { listSummaries } from '../record/summaries';

/** A summary as it may be shown: without what its memories no longer say. */
export interface ReadSummary extends Summary {
  /** The share of its sources that it has seen as they are now, 0..1. */
  freshness: number;
}

export interface SummariesWanted {
  tier?: SummaryTier | undefined;
  persona?: string | undefined;
  from?: Date | undefined;
  to?: Date | undefined;
  limit: number;
}

/**
 * A user's summaries in the order of their time. What was deleted or has expired is left out at once, sentence by
 * sentence, whether or not the summary has been made again.
 */
export async function readSummaries(
  pool: Pool,
  owner: { namespace: string; userId: string },
  wanted: SummariesWanted,
): Promise<ReadSummary[]> {
  const found = await listSummaries(pool, owner, wanted);
  if (found.length === 0) return [];
  const episodic = found.filter((summary) => summary.tier === 'episodic');
  const arcs = found.filter((summary) => summary.tier === 'arc');
  const cited = found.flatMap((summary) => summary.sentences.flatMap((sentence) => sentence.sourceIds));
  const [live, standings, unseen] = await Promise.all([
    liveMemories(pool, owner, [...new Set([...cited, ...episodic.flatMap((one) => one.sourceIds)])]),
    episodeStandings(
      pool,
      owner,
      episodic.map((one) => one.id),
    ),
    episodesUnseen(pool, owner, arcs),
  ]);
  return found.flatMap((summary) => {
    const shown: Summary = {
      ...summary,
      sentences: summary.sentences.filter((sentence) => sentence.sourceIds.every((id) => live.has(id))),
      sourceIds: summary.tier === 'arc' ? summary.sourceIds : summary.sourceIds.filter((id) => live.has(id)),
    };
    if (shown.sentences.length === 0) return [];
    const freshness =
      summary.tier === 'arc'
        ? seenShare(summary.sourceIds.length, unseen.get(summary.id) ?? 0)
        : episodeFreshness(summary, shown.sourceIds.length, standings.get(summary.id));
    return [{ ...shown, freshness }];
  });
}

/**
 * How much of an episode its summary has seen: of its messages so far, or of its memories as they are, whichever is less.
 * @param stillLive how many of the memories it has seen can still be recalled
 */
export function episodeFreshness(
  summary: Pick<Summary, 'firstSeq' | 'lastSeq' | 'sourceIds'>,
  stillLive: number,
  standing: EpisodeStanding | undefined,
): number {
  if (!standing || summary.firstSeq === null || summary.lastSeq === null) return 0;
  const messages = standing.throughSeq - summary.firstSeq + 1;
  const seen = Math.min(1, (summary.lastSeq - summary.firstSeq + 1) / Math.max(1, messages));
  const gone = summary.sourceIds.length - stillLive;
  const unknown = Math.max(0, (standing.liveMemories ?? stillLive) - stillLive);
  return Math.min(seen, stillLive / Math.max(1, stillLive + gone + unknown));
}

function seenShare(seen: number, unseen: number): number {
  return seen + unseen === 0 ? 0 : seen / (seen + unseen);
}

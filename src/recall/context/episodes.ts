import type { Pool } from 'pg';
import type { Owner } from '../../record/recall-reads';
import { readSummaries, type ReadSummary } from '../read-summaries';
import { dayOf, type ContextLine, type ContextSection } from './block';

const HEADING = 'Lately:';
/** The most of the budget that is spent on it. */
const SHARE = 0.08;
const MAX_EPISODES = 3;
/** What says most of an episode comes first in its summary. */
const SENTENCES_AN_EPISODE = 2;

/** What is not told beside the rest of the block. */
export interface EpisodesLeftOut {
  /** The model sees this conversation. */
  conversationId: string | null;
  /** What these memories say stands elsewhere in the block. */
  memoryIds: ReadonlySet<string>;
}

/**
 * What the user's latest episodes were about, the newest first.
 * @throws UnavailableError when the record is out of reach
 */
export async function latestEpisodes(pool: Pool, owner: Owner): Promise<ReadSummary[]> {
  return (await readSummaries(pool, owner, { tier: 'episodic', limit: MAX_EPISODES })).reverse();
}

/** A line a sentence, so that of a long summary what fits is shown. */
export function episodesSection(
  latest: readonly Pick<ReadSummary, 'conversationId' | 'from' | 'sentences'>[],
  leftOut: EpisodesLeftOut,
): ContextSection {
  const told = latest.filter(
    ({ conversationId }) => conversationId === null || conversationId !== leftOut.conversationId,
  );
  return { heading: HEADING, share: SHARE, lines: told.flatMap((one) => linesOf(one, leftOut.memoryIds)) };
}

function linesOf(
  { from, sentences }: Pick<ReadSummary, 'from' | 'sentences'>,
  leftOut: ReadonlySet<string>,
): ContextLine[] {
  return sentences
    .filter((sentence) => !sentence.sourceIds.some((id) => leftOut.has(id)))
    .slice(0, SENTENCES_AN_EPISODE)
    .map((sentence) => ({
      text: `- ${dayOf(from)}: ${sentence.text}`,
      sources: sentence.sourceIds.map((memoryId) => ({ memoryId, messageIds: [] })),
    }));
}

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

/**
 * What the user's latest episodes were about, the newest first.
 * @throws UnavailableError when the record is out of reach
 */
export async function episodesSection(pool: Pool, owner: Owner): Promise<ContextSection> {
  const latest = await readSummaries(pool, owner, { tier: 'episodic', limit: MAX_EPISODES });
  return { heading: HEADING, share: SHARE, lines: latest.reverse().flatMap(episodeLines) };
}

/** A line a sentence, so that of a long summary what fits is shown. */
export function episodeLines({ from, sentences }: Pick<ReadSummary, 'from' | 'sentences'>): ContextLine[] {
  return sentences.slice(0, SENTENCES_AN_EPISODE).map((sentence) => ({
    text: `- ${dayOf(from)}: ${sentence.text}`,
    sources: sentence.sourceIds.map((memoryId) => ({ memoryId, messageIds: [] })),
  }));
}

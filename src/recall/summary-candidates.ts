import type { InjectionCandidate } from '../domain/injection';
import { summaryText, type Summary } from '../domain/summary';

/** From here on a memory counts as one that answers: `min_similarity` by default. */
const RELEVANT = 0.55;
/** One memory answers better itself; of several, what they say together is worth a summary. */
const LEAST_RELEVANT_SOURCES = 2;

/** A summary that could be injected. */
export interface SummaryCandidate extends InjectionCandidate {
  citedMemoryIds: readonly string[];
}

/** Summaries as candidates; `messagesOf` knows the messages of the memories that were found. */
export function summaryCandidates(
  summaries: readonly Pick<Summary, 'id' | 'conversationId' | 'frame' | 'sentences'>[],
  messagesOf: ReadonlyMap<string, readonly string[]>,
): SummaryCandidate[] {
  return summaries.map((summary) => {
    const citedMemoryIds = [...new Set(summary.sentences.flatMap((sentence) => sentence.sourceIds))];
    return {
      memoryId: summary.id,
      content: summaryText(summary),
      layer: 'episodic',
      conversationId: summary.conversationId,
      sourceMessageIds: citedMemoryIds.flatMap((id) => messagesOf.get(id) ?? []),
      texts: summary.sentences.map((sentence) => sentence.text),
      citedMemoryIds,
    };
  });
}

/**
 * The relevance of each summary: that of the best memory it says something of, where at least two of these answer;
 * of all summaries only the one that says something of most of them, so that none crowds out the memories.
 * @param relevanceOf of the memories that may be injected; 0 for others
 */
export function summaryRelevances(
  summaries: readonly Pick<SummaryCandidate, 'citedMemoryIds'>[],
  relevanceOf: (memoryId: string) => number,
): number[] {
  const cited = summaries.map(({ citedMemoryIds }) =>
    citedMemoryIds.map(relevanceOf).filter((relevance) => relevance >= RELEVANT),
  );
  const most = Math.max(LEAST_RELEVANT_SOURCES, ...cited.map((relevances) => relevances.length));
  const chosen = cited.findIndex((relevances) => relevances.length === most);
  return cited.map((relevances, i) => (i === chosen ? Math.max(...relevances) : 0));
}

/** How many turns the background stands for: enough to steer a handful of memories, nothing beside hundreds. */
const BACKGROUND_TURNS = 60;

/** The share of turns that hold a term in everyday language, 0..1. */
export type BackgroundShare = (term: string) => number;

/**
 * Inverse document frequency of each term among `documents` turns, smoothed with everyday language, so that it means
 * something from the first memory on.
 * @param frequencyOf how many of the turns hold a term
 */
export function smoothIdf(
  terms: Iterable<string>,
  documents: number,
  frequencyOf: (term: string) => number,
  background: BackgroundShare,
  backgroundTurns = BACKGROUND_TURNS,
): Map<string, number> {
  const total = documents + backgroundTurns;
  const idf = new Map<string, number>();
  for (const term of terms) {
    const share = (frequencyOf(term) + backgroundTurns * background(term)) / total;
    idf.set(term, Math.log(1 + (1 - share) / share));
  }
  return idf;
}

/** Scores as shares of the best one; all zeros stay zeros. */
export function scaledToBest(scores: Float64Array): Float64Array {
  let best = 0;
  for (const score of scores) best = Math.max(best, score);
  return best === 0 ? scores : scores.map((score) => score / best);
}

/** Cosines nearer to each other than this say nothing of which turn is meant; among hundreds of turns they lie farther apart. */
const LEAST_SPREAD = 0.4;

/**
 * Cosines from 0 for the least to 1 for the most; what is missing is 0. Of a handful of turns that are all alike, none
 * is stretched to 1: a small difference must not outweigh the words and the speaker.
 */
export function minMax(values: readonly (number | null)[]): number[] {
  let least = Infinity;
  let most = -Infinity;
  for (const value of values) {
    if (value === null) continue;
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  // A single turn has nothing to be compared with: its cosine speaks for itself.
  if (!(most > least)) return values.map((value) => Math.max(0, value ?? 0));
  const spread = Math.max(LEAST_SPREAD, most - least);
  return values.map((value) => (value === null ? 0 : (value - least) / spread));
}

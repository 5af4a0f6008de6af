/** Scores as shares of the best one; all zeros stay zeros. */
export function scaledToBest(scores: Float64Array): Float64Array {
  let best = 0;
  for (const score of scores) best = Math.max(best, score);
  return best === 0 ? scores : scores.map((score) => score / best);
}

/** Values from 0 for the least to 1 for the most; what is missing is 0. */
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
  return values.map((value) => (value === null ? 0 : (value - least) / (most - least)));
}

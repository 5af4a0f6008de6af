import type { Pool, Postings } from './pool';

const K1 = 0.9;
const B = 0.5;
/** A turn counts as holding what was said just before and after it, ever less with distance. */
const CONTEXT_TURNS = 7;
const BEFORE_WEIGHT = 0.5;
const AFTER_WEIGHT = 0.3;
const CONTEXT_DECAY = 0.6;

/** Farthest neighbour that any feature looks at. */
export const CONTEXT_REACH_TURNS = CONTEXT_TURNS;

const SHARES = Array.from({ length: CONTEXT_TURNS }, (_, i) => ({
  distance: i + 1,
  before: BEFORE_WEIGHT * CONTEXT_DECAY ** i,
  after: AFTER_WEIGHT * CONTEXT_DECAY ** i,
}));

/**
 * BM25 of every turn of the pool for the question's terms, over term frequencies that include its neighbours'
 * (decayed) and the words of its date: in a conversation the subject is often named a turn or two away.
 * @param context how much of the neighbours' shares counts; 0 leaves each turn to itself
 */
export function contextualBm25(
  pool: Pool,
  postings: ReadonlyMap<string, Postings>,
  idf: ReadonlyMap<string, number>,
  context = 1,
): Float64Array {
  const count = pool.turns.length;
  const scores = new Float64Array(count);
  const lengths = contextualLengths(pool, context);
  const averageLength = lengths.reduce((sum, length) => sum + length, 0) / Math.max(1, count) || 1;
  const frequencies = new Float64Array(count);
  for (const [term, weight] of idf) {
    const own = postings.get(term);
    const isDate = pool.dates.has(term);
    if (!own && !isDate) continue;
    frequencies.fill(0);
    if (own) spread(pool, own, context, frequencies);
    for (let i = 0; i < count; i += 1) {
      const frequency = frequencies[i]! + (isDate && pool.features[i]!.dates.includes(term) ? 1 : 0);
      if (frequency === 0) continue;
      const norm = K1 * (1 - B + (B * lengths[i]!) / averageLength);
      scores[i]! += (weight * frequency * (K1 + 1)) / (frequency + norm);
    }
  }
  return scores;
}

/** Adds to each turn's frequency its own and its neighbours' shares. */
function spread(pool: Pool, own: Postings, context: number, frequencies: Float64Array): void {
  own.places.forEach((place, k) => {
    const count = own.counts[k]!;
    frequencies[place]! += count;
    for (const { distance, before, after } of SHARES) {
      const later = pool.neighbour(place, distance);
      if (later >= 0) frequencies[later]! += context * before * count;
      const earlier = pool.neighbour(place, -distance);
      if (earlier >= 0) frequencies[earlier]! += context * after * count;
    }
  });
}

/** The lengths of the turns with the shares of their neighbours. */
function contextualLengths(pool: Pool, context: number): Float64Array {
  const lengths = Float64Array.from(pool.features, (features) => features.terms.length);
  pool.features.forEach((features, place) => {
    for (const { distance, before, after } of SHARES) {
      const later = pool.neighbour(place, distance);
      if (later < 0) continue;
      lengths[later]! += context * before * features.terms.length;
      lengths[place]! += context * after * pool.features[later]!.terms.length;
    }
  });
  return lengths;
}

import type { Pool } from './pool';

const K1 = 0.9;
const B = 0.5;
/** A turn counts as holding what was said just before and after it, ever less with distance. */
const CONTEXT_TURNS = 7;
const BEFORE_WEIGHT = 0.5;
const AFTER_WEIGHT = 0.3;
const CONTEXT_DECAY = 0.6;

/** Farthest neighbour that any feature looks at. */
export const CONTEXT_REACH_TURNS = CONTEXT_TURNS;

/**
 * BM25 of every turn of the pool for the question's terms, over term frequencies that include its neighbours'
 * (decayed) and the words of its date: in a conversation the subject is often named a turn or two away.
 */
export function contextualBm25(pool: Pool, idf: ReadonlyMap<string, number>): Float64Array {
  const count = pool.turns.length;
  const scores = new Float64Array(count);
  const neighbours = neighboursOf(pool);
  const lengths = pool.terms.map((terms, i) =>
    neighbours[i]!.reduce((sum, [place, share]) => sum + share * pool.terms[place]!.length, terms.length),
  );
  const averageLength = lengths.reduce((sum, length) => sum + length, 0) / Math.max(1, count) || 1;
  const own = ownFrequencies(pool, idf);
  for (const [term, weight] of idf) {
    const frequencies = own.get(term);
    if (!frequencies) continue;
    for (let i = 0; i < count; i += 1) {
      let frequency = frequencies[i]!;
      for (const [place, share] of neighbours[i]!) frequency += share * frequencies[place]!;
      if (pool.dates[i]!.includes(term)) frequency += 1;
      if (frequency === 0) continue;
      const norm = K1 * (1 - B + (B * lengths[i]!) / averageLength);
      scores[i]! += (weight * frequency * (K1 + 1)) / (frequency + norm);
    }
  }
  return scores;
}

function ownFrequencies(pool: Pool, terms: ReadonlyMap<string, number>): Map<string, Float64Array> {
  const own = new Map<string, Float64Array>();
  const dateTerms = new Set(pool.dates.flat());
  for (const term of terms.keys()) {
    if (dateTerms.has(term)) own.set(term, new Float64Array(pool.turns.length));
  }
  pool.terms.forEach((turnTerms, i) => {
    for (const term of turnTerms) {
      if (!terms.has(term)) continue;
      let frequencies = own.get(term);
      if (!frequencies) own.set(term, (frequencies = new Float64Array(pool.turns.length)));
      frequencies[i]! += 1;
    }
  });
  return own;
}

function neighboursOf(pool: Pool): [place: number, share: number][][] {
  return pool.turns.map((_turn, i) => {
    const found: [number, number][] = [];
    for (let distance = 1; distance <= CONTEXT_TURNS; distance += 1) {
      const decay = CONTEXT_DECAY ** (distance - 1);
      const before = pool.neighbour(i, -distance);
      if (before >= 0) found.push([before, BEFORE_WEIGHT * decay]);
      const after = pool.neighbour(i, distance);
      if (after >= 0) found.push([after, AFTER_WEIGHT * decay]);
    }
    return found;
  });
}

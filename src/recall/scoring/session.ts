import type { Pool, Postings } from './pool';

/** How much a turn's whole conversation speaks of the question: idf-weighted, with diminishing returns. */
export function sessionScores(
  pool: Pool,
  postings: ReadonlyMap<string, Postings>,
  idf: ReadonlyMap<string, number>,
): Float64Array {
  const totals = new Map<string, number>();
  for (const [term, { places, counts }] of postings) {
    const weight = idf.get(term)!;
    const frequencies = new Map<string, number>();
    places.forEach((place, k) => {
      const { conversationId } = pool.turns[place]!;
      if (conversationId === null) return;
      frequencies.set(conversationId, (frequencies.get(conversationId) ?? 0) + counts[k]!);
    });
    for (const [conversationId, frequency] of frequencies) {
      const gain = (weight * frequency) / (frequency + 1);
      totals.set(conversationId, (totals.get(conversationId) ?? 0) + gain);
    }
  }
  return Float64Array.from(pool.turns, ({ conversationId }) =>
    conversationId === null ? 0 : (totals.get(conversationId) ?? 0),
  );
}

import type { RelatedTerm } from '../background/related';
import { postingsOf, type Pool, type Postings } from './pool';

/** A term that more turns hold finds enough by itself. */
const RARE_TURNS = 3;

/**
 * The postings with those of related words: a turn that holds one counts as holding the term itself a little, where
 * hardly any turn does. What no vectors tell, by words alone.
 * @param postings of the terms themselves
 * @param weight what a related word counts for at most, as a share of the term
 */
export function withRelatedWords(
  pool: Pool,
  postings: ReadonlyMap<string, Postings>,
  terms: readonly string[],
  related: (term: string) => readonly RelatedTerm[],
  weight: number,
): ReadonlyMap<string, Postings> {
  const wanted = new Map<string, readonly RelatedTerm[]>();
  for (const term of terms) {
    if ((postings.get(term)?.places.length ?? 0) > RARE_TURNS) continue;
    const others = related(term).filter((other) => !terms.includes(other.term));
    if (others.length > 0) wanted.set(term, others);
  }
  if (wanted.size === 0 || weight === 0) return postings;
  const ofOthers = postingsOf(pool, new Set([...wanted.values()].flat().map((other) => other.term)));
  const found = new Map(postings);
  for (const [term, others] of wanted) {
    const own = postings.get(term);
    const counts = new Map(own?.places.map((place, k) => [place, own.counts[k]!]));
    for (const other of others) {
      for (const place of ofOthers.get(other.term)?.places ?? [])
        counts.set(place, Math.max(counts.get(place) ?? 0, weight * other.likeness));
    }
    if (counts.size === 0) continue;
    const places = [...counts.keys()].sort((a, b) => a - b);
    found.set(term, { places, counts: places.map((place) => counts.get(place)!) });
  }
  return found;
}

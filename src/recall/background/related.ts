import table from './related.json';

/** A word whose meaning is near another's. */
export interface RelatedTerm {
  term: string;
  /** How near, 0..1. */
  likeness: number;
}

let known: ReadonlyMap<string, readonly RelatedTerm[]> | null = null;

/** The everyday terms that are related to one: clarinet to instrument, both ways. None for a term that is not everyday. */
export function relatedTerms(term: string): readonly RelatedTerm[] {
  // Only who goes by words alone needs them.
  known ??= readTable();
  return known.get(term) ?? [];
}

function readTable(): Map<string, RelatedTerm[]> {
  const found = new Map<string, RelatedTerm[]>();
  const note = (term: string, other: RelatedTerm): void => {
    const others = found.get(term);
    if (others) others.push(other);
    else found.set(term, [other]);
  };
  for (const [stem, parts] of Object.entries(table.related)) {
    for (const part of parts.split('; ')) {
      const [level, ...others] = part.split(' ');
      const likeness = Number(level) / table.stepsPerLikeness;
      for (const other of others) {
        note(stem, { term: other, likeness });
        note(other, { term: stem, likeness });
      }
    }
  }
  return found;
}

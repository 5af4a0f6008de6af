/** Memories whose terms overlap this much (Jaccard) say the same. */
export const SAME_OVERLAP = 0.9;
/** Fewer terms say too little to tell near from same: such texts must be equal. */
const LEAST_TERMS = 3;
/** More of the same than this are merged into several. */
export const MAX_GROUP = 200;

const NEGATION = /\b(?:not?|never|none|nobody|nothing|without|cannot)\b|n['’]t\b/giu;
const NUMBER = /\p{Nd}+(?:[.,]\p{Nd}+)*/gu;

/** A text that may say the same as another. */
export interface Comparable {
  id: string;
  text: string;
  /** Only texts of the same kind (tier, speakers) are compared. */
  kind: string;
}

/**
 * Groups of memories that say the same, each in the order given; those that stand alone are left out. Texts of one kind
 * are the same when they are equal but for case, space and punctuation, or share nearly all of their terms, deny as often
 * and name the same numbers.
 * @param termsOf the prepared terms of a text
 */
export function nearDuplicates(
  memories: readonly Comparable[],
  termsOf: (text: string) => readonly string[],
): string[][] {
  const prepared = memories.map((memory) => prepare(memory, termsOf));
  const frequency = new Map<string, number>();
  for (const one of prepared)
    for (const term of one.terms) frequency.set(term, (frequency.get(term) ?? 0) + 1);
  const groups: Prepared[][] = [];
  // A group is found by its first member's exact text and by its rare terms, of which each near one shares at least one.
  const byKey = new Map<string, Prepared[][]>();
  for (const one of prepared) {
    const rare = rarestFirst(one.terms, frequency);
    const keys = [`=${one.exact}`, ...rare.map((term) => `~${one.kind}\n${term}`)];
    const known = keys
      .flatMap((key) => byKey.get(key) ?? [])
      .find((group) => group.length < MAX_GROUP && same(group[0]!, one));
    if (known) {
      known.push(one);
      continue;
    }
    const group = [one];
    groups.push(group);
    for (const key of keys) byKey.set(key, [...(byKey.get(key) ?? []), group]);
  }
  return groups.filter((group) => group.length > 1).map((group) => group.map((one) => one.id));
}

interface Prepared {
  id: string;
  kind: string;
  exact: string;
  terms: ReadonlySet<string>;
  /** What must not differ however alike the words are. */
  facts: string;
}

function prepare(memory: Comparable, termsOf: (text: string) => readonly string[]): Prepared {
  const plain = memory.text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}]+/gu, ' ')
    .trim();
  const numbers = memory.text.match(NUMBER) ?? [];
  const denials = memory.text.match(NEGATION)?.length ?? 0;
  // Of a text without letters or digits the text itself is what it says.
  return {
    id: memory.id,
    kind: memory.kind,
    exact: `${memory.kind}\n${plain || memory.text}\n${/\?\s*$/.test(memory.text)}`,
    terms: new Set(termsOf(memory.text)),
    facts: `${denials}\n${/\?\s*$/.test(memory.text)}\n${[...numbers].sort().join(' ')}`,
  };
}

function same(a: Prepared, b: Prepared): boolean {
  if (a.kind !== b.kind) return false;
  if (a.exact === b.exact) return true;
  if (a.facts !== b.facts || Math.min(a.terms.size, b.terms.size) < LEAST_TERMS) return false;
  let common = 0;
  for (const term of a.terms) if (b.terms.has(term)) common += 1;
  return common / (a.terms.size + b.terms.size - common) >= SAME_OVERLAP;
}

/** Two sets that overlap enough share one of each one's rarest terms: as many as may be missing, and one more. */
function rarestFirst(terms: ReadonlySet<string>, frequency: ReadonlyMap<string, number>): string[] {
  const sorted = [...terms].sort(
    (a, b) => frequency.get(a)! - frequency.get(b)! || (a < b ? -1 : a > b ? 1 : 0),
  );
  return sorted.slice(0, terms.size - Math.ceil(SAME_OVERLAP * terms.size) + 1);
}

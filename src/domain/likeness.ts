/** Texts whose terms overlap this much (Jaccard) count as the same. */
const NEAR_IDENTICAL_OVERLAP = 0.8;
const NEGATION = /\b(?:not?|never|none|nobody|nothing|without|cannot)\b|n['’]t\b/i;

/** What of a text it takes to compare it with others; worked out once. */
export interface Likeness {
  /** Its letters and digits alone, in lower case. */
  plain: string;
  /** It says "not". */
  denies: boolean;
  terms: ReadonlySet<string>;
}

/** @param terms the text's prepared terms */
export function likenessOf(text: string, terms: readonly string[]): Likeness {
  return { plain: plain(text), denies: denies(text), terms: new Set(terms) };
}

/** Whether two texts say the same: the same words, or nearly all of them, and neither denies the other. */
export function isNearIdentical(a: Likeness, b: Likeness): boolean {
  if (a.plain === b.plain) return true;
  const [fewer, more] = a.terms.size <= b.terms.size ? [a.terms, b.terms] : [b.terms, a.terms];
  if (a.denies !== b.denies || fewer.size === 0) return false;
  let common = fewer.size;
  const overlapEnough = (): boolean => common / (fewer.size + more.size - common) >= NEAR_IDENTICAL_OVERLAP;
  if (!overlapEnough()) return false;
  for (const term of fewer) {
    if (more.has(term)) continue;
    common -= 1;
    if (!overlapEnough()) return false;
  }
  return true;
}

/** Whether a text says "not". */
export function denies(text: string): boolean {
  return NEGATION.test(text);
}

/** A text's letters and digits alone, in lower case. */
export function plain(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}]+/gu, ' ')
    .trim();
}

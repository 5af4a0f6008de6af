import { TIME_STEMS } from '../stop-words';
import { dateTerms, termsOf } from '../terms';

/** Turns at most this far apart in one conversation are mixed into one vector. */
export const MIXED_SPAN_TURNS = 4;

/** What scoring needs of a turn whatever the question: worked out once and kept. */
export interface TurnFeatures {
  /** Its prepared terms, in order. */
  readonly terms: readonly string[];
  /** How often it holds each of them. */
  readonly counts: ReadonlyMap<string, number>;
  /** The words of the date it was said on. */
  readonly dates: readonly string[];
  /** Ends as a question. */
  readonly asks: boolean;
  /** Holds a word of time. */
  readonly tellsTime: boolean;
  /** Products of its vector with those of the turns one, two … further in its conversation; NaN until they are needed. */
  readonly products: Float64Array;
}

/** Works out a turn's features. */
export function turnFeatures(turn: { content: string; saidAt: Date }): TurnFeatures {
  const terms = termsOf(turn.content);
  const counts = new Map<string, number>();
  for (const term of terms) counts.set(term, (counts.get(term) ?? 0) + 1);
  return {
    terms,
    counts,
    dates: dateTerms(turn.saidAt),
    asks: /\?\s*$/.test(turn.content),
    tellsTime: terms.some((term) => TIME_STEMS.has(term)),
    products: new Float64Array(MIXED_SPAN_TURNS).fill(NaN),
  };
}

import { PHATIC_STEMS } from '../stop-words';
import { namesIn, nameWords, queryTermsOf, withoutNames } from '../terms';
import { datesIn, type DateRange } from './dates';

/** What scoring needs to know of a question. */
export interface Question {
  /** Distinct prepared terms, names left out. */
  terms: readonly string[];
  /** Words of participants' names that it mentions. */
  mentioned: ReadonlySet<string>;
  /** Days it speaks of. */
  dates: readonly DateRange[];
  /** Asks when something was. */
  asksWhen: boolean;
  /** Made of greetings, thanks and the like alone. */
  phatic: boolean;
  vector: Float32Array | null;
}

/** The question without what names the participants: what is embedded. */
export function questionForEmbedding(text: string, names: readonly string[]): string {
  return withoutNames(text, nameWords(names));
}

/** Reads a question. `names` are the participants', `now` is when it is asked. */
export function readQuestion(
  text: string,
  names: readonly string[],
  vector: Float32Array | null,
  now: Date,
): Question {
  const words = nameWords(names);
  const terms = queryTermsOf(text, names);
  return {
    terms,
    phatic: terms.every((term) => PHATIC_STEMS.has(term)) && !/\?/.test(text),
    mentioned: namesIn(text, words),
    dates: datesIn(text, now),
    asksWhen: /\bwhen\b|\bwhat (day|date|month|year|time)\b|\bhow long\b/i.test(text),
    vector,
  };
}

import { PHATIC_COMPANIONS, PHATIC_STEMS, STOP_WORDS, TIME_STEMS } from '../stop-words';
import { namesIn, nameWords, queryTermsOf, termsOf, withoutNames } from '../terms';
import { datesIn, type DateRange } from './dates';
import { phrasesOf, type Phrase } from './phrases';

/** What scoring needs to know of a question. */
export interface Question {
  /** Distinct prepared terms, names left out. */
  terms: readonly string[];
  /** Of terms that count less than others: the share, 0..1 (see asMeant). */
  termWeights?: ReadonlyMap<string, number>;
  /** Those of them that stand side by side. */
  phrases: readonly Phrase[];
  /** Words of participants' names that it mentions. */
  mentioned: ReadonlySet<string>;
  /** Those of its terms that are written like somebody's or something's name. */
  properTerms: readonly string[];
  /** Days it speaks of. */
  dates: readonly DateRange[];
  /** Asks when something was. */
  asksWhen: boolean;
  /** Asks what follows from what was said rather than what was said: "Would she enjoy …?" */
  asksToInfer: boolean;
  /** Made of greetings, thanks and the like alone. */
  phatic: boolean;
  vector: Float32Array | null;
  /** Words related to its own count a little too: what a vector would tell. */
  takesRelatedWords: boolean;
}

/** A capital within a sentence; words all in capitals shout. */
const PROPER_WORD = /(?<=[^\s.!?:"“]["'“‘(]?\s+["'“‘(]?)\p{Lu}\p{Ll}[\p{L}\p{M}\p{N}]*/gu;

/** Whoever speaks of something of theirs makes no small talk, but in these turns of phrase. */
const SPEAKS_OF_OWN =
  /(?<!\boh,? )\b(?:my(?! (?:apologies|bad|dear|friend|god|goodness|pleasure|word)\b)|our|remind|remember)\b/i;

/** Makes small talk of what goes with it. */
const INTERJECTION = /\b(?:thank(?:s| you)|thx|ok|okay|ha(?:ha)+|lol|wow|oh|yay|yeah|yep)\b/i;

/** "Would you remind me" and "what would I like" only sound like it. */
const HYPOTHETICAL = /\b(?:would|might)\b(?! (?:you|like)\b)|\b(?:likely|potentially|probably|possibly)\b/i;

/** Of a question's words in lower case, those that are grammar. */
const MIN_ENGLISH_SHARE = 0.3;

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
    phrases: phrasesOf(termsOf(text, words)),
    properTerms: properTermsOf(text, terms),
    phatic: !text.includes('?') && !SPEAKS_OF_OWN.test(text) && isPhatic(text, terms),
    mentioned: namesIn(text, words),
    dates: datesIn(text, now),
    asksToInfer: HYPOTHETICAL.test(text),
    asksWhen: /\bwhen\b|\bwhat (day|date|month|year|time)\b|\bhow long\b/i.test(text),
    vector,
    takesRelatedWords: vector === null,
  };
}

function properTermsOf(text: string, terms: readonly string[]): string[] {
  if (!readsAsEnglish(text)) return [];
  const proper = new Set(Array.from(text.matchAll(PROPER_WORD), ([word]) => termsOf(word)).flat());
  return terms.filter((term) => proper.has(term) && !TIME_STEMS.has(term));
}

/** In languages that write every noun with a capital, a capital says nothing. */
function readsAsEnglish(text: string): boolean {
  const lower = text.match(/(?<![\p{L}\p{M}\p{N}])\p{Ll}[\p{L}\p{M}]*/gu) ?? [];
  return lower.filter((word) => STOP_WORDS.has(word)).length > lower.length * MIN_ENGLISH_SHARE;
}

function isPhatic(text: string, terms: readonly string[]): boolean {
  return (
    terms.every((term) => PHATIC_STEMS.has(term) || PHATIC_COMPANIONS.has(term)) &&
    (terms.length === 0 || terms.some((term) => PHATIC_STEMS.has(term)) || INTERJECTION.test(text))
  );
}

import { LRUCache } from 'lru-cache';
import stemmer from 'stemmer';
import { ROLES } from '../domain/message';
import { backgroundShare } from './background/share';
import { LEMMAS } from './irregular-forms';
import { STOP_WORDS } from './stop-words';

const STEM_CACHE_ENTRIES = 50_000;
/** More terms make a search slow and no better. */
const MAX_QUERY_TERMS = 48;
/** Texts are not kept longer than a burst of questions needs them. */
const TEXT_CACHE_MS = 600_000;
const TEXT_CACHE_CHARS = 8_000_000;
/** Longer runs of letters are encodings or noise; their beginning still matches itself. */
const MAX_TERM_CHARS = 40;

const MONTHS = [
  'january',
  'february',
  'march',
  'april',
  'may',
  'june',
  'july',
  'august',
  'september',
  'october',
  'november',
  'december',
];
const BEFORE_A_MONTH = new Set([
  'in',
  'last',
  'next',
  'early',
  'late',
  'mid',
  'since',
  'until',
  'by',
  'of',
  'this',
]);

/** Scripts written without spaces (and Hangul, whose particles stick to the words): matched by pairs of characters. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}ー\p{Script=Hangul}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
const WORD = /\p{N}+(?:[.:]\p{N}+)+|[\p{L}\p{M}\p{N}]+/gu;
const UNSPACED_RUN = new RegExp(`${UNSPACED.source}[${UNSPACED.source.slice(1, -1)}\\p{M}]*`, 'gu');

const stems = new LRUCache<string, string>({ max: STEM_CACHE_ENTRIES });
const texts = new LRUCache<string, readonly string[]>({
  maxSize: TEXT_CACHE_CHARS,
  ttl: TEXT_CACHE_MS,
  sizeCalculation: (_terms, text) => text.length + 1,
});

/** A sender called "user" is not called so in talk. */
const ROLE_WORDS: ReadonlySet<string> = new Set(ROLES);
const NO_NAMES: ReadonlySet<string> = new Set();

/**
 * The prepared terms of a text, in order and with repetitions: lower-cased words without stop words, irregular
 * forms brought to their lemma, Porter stems. Memories and questions go through this same function. `names` are
 * left out, since a participant's name is in half of all turns and says nothing about which one is meant.
 */
export function termsOf(text: string, names: ReadonlySet<string> = NO_NAMES): readonly string[] {
  if (names.size > 0) return prepare(text, names);
  const known = texts.get(text);
  if (known) return known;
  const terms = prepare(text, NO_NAMES);
  texts.set(text, terms);
  return terms;
}

/**
 * The distinct prepared terms of a question, participants' names left out: what the index is asked for. Of a long
 * message only the terms that are rarest in everyday language.
 */
export function queryTermsOf(text: string, names: readonly (string | null)[]): string[] {
  const terms = [...new Set(termsOf(text, nameWords(names)))];
  if (terms.length <= MAX_QUERY_TERMS) return terms;
  return terms.sort((a, b) => backgroundShare(a) - backgroundShare(b)).slice(0, MAX_QUERY_TERMS);
}

/** The words that make up the names of participants, as termsOf and withoutNames take them out. */
export function nameWords(names: Iterable<string | null>): ReadonlySet<string> {
  const found = new Set<string>();
  for (const name of names) {
    if (name === null) continue;
    for (const word of wordsOf(name)) {
      if (!STOP_WORDS.has(word.text) && !ROLE_WORDS.has(word.text)) found.add(word.text);
    }
  }
  return found;
}

/** The text with participants' names taken out, for the embedder; the text itself if nothing else is left. */
export function withoutNames(text: string, names: ReadonlySet<string>): string {
  if (names.size === 0) return text;
  const stripped = text
    .replace(/[\p{L}\p{M}]+(?:['’]s)?/gu, (word) =>
      names.has(fold(word.replace(/['’]s$/u, ''))) ? '' : word,
    )
    .replace(/\s+/g, ' ')
    .replace(/ ([?.!,])/g, '$1')
    .trim();
  return /[\p{L}\p{N}]/u.test(stripped) ? stripped : text;
}

/** Which of `names` (nameWords) the text mentions. */
export function namesIn(text: string, names: ReadonlySet<string>): ReadonlySet<string> {
  if (names.size === 0) return NO_NAMES;
  return new Set(
    wordsOf(text)
      .map((word) => word.text)
      .filter((word) => names.has(word)),
  );
}

/** The terms of the month something was said in, as a question would name it: `may 2023`. */
export function dateTerms(date: Date): string[] {
  return [stemOf(MONTHS[date.getUTCMonth()]!), String(date.getUTCFullYear())];
}

interface Word {
  /** Folded: lower case, no accents on Latin letters. */
  text: string;
  capital: boolean;
}

function prepare(text: string, names: ReadonlySet<string>): string[] {
  const terms: string[] = [];
  const words = wordsOf(text);
  words.forEach((word, i) => {
    if (names.has(word.text)) return;
    if (UNSPACED.test(word.text)) {
      terms.push(...pairsOf(word.text));
      return;
    }
    if (STOP_WORDS.has(word.text) || /^\p{Script=Latin}$/u.test(word.text)) return;
    if (word.text === 'may' && !isMonth(words, i)) return;
    terms.push(stemOf(word.text));
  });
  return terms;
}

function isMonth(words: readonly Word[], at: number): boolean {
  const before = words[at - 1];
  const after = words[at + 1];
  if (before && (BEFORE_A_MONTH.has(before.text) || /^\d+(st|nd|rd|th)?$/.test(before.text))) return true;
  if (after && /^\d+(st|nd|rd|th)?$/.test(after.text)) return true;
  return before !== undefined && words[at]!.capital;
}

function wordsOf(text: string): Word[] {
  const plain = text
    .normalize('NFKC')
    .replace(/[’‘ʼ`]/g, "'")
    .replace(/\bwon't\b/gi, 'will not')
    .replace(/n't\b/gi, ' not')
    .replace(/'(s|d|m|ll|re|ve)\b/gi, ' ')
    .replace(/(\d),(?=\d{3}\b)/g, '$1');
  return Array.from(plain.matchAll(WORD), ([word]) => ({ text: fold(word), capital: /^\p{Lu}/u.test(word) }));
}

function fold(word: string): string {
  const lower = word.normalize('NFKC').toLowerCase();
  // Plain ASCII is the common case; only other words pay for being taken apart.
  if (/^[\x00-\x7f]*$/.test(lower)) return lower;
  return lower
    .normalize('NFD')
    .replace(/(\p{Script=Latin})\p{M}+/gu, '$1')
    .normalize('NFC');
}

function stemOf(word: string): string {
  const known = stems.get(word);
  if (known !== undefined) return known;
  const lemma = LEMMAS.get(word) ?? word;
  const stem = (/^[a-z]+$/.test(lemma) ? stemmer(lemma) : lemma).slice(0, MAX_TERM_CHARS);
  stems.set(word, stem);
  return stem;
}

function pairsOf(word: string): string[] {
  const terms: string[] = [];
  let end = 0;
  for (const match of word.matchAll(UNSPACED_RUN)) {
    const before = word.slice(end, match.index);
    if (before) terms.push(stemOf(before));
    const chars = [...match[0]];
    if (chars.length === 1) terms.push(chars[0]!);
    for (let i = 0; i + 1 < chars.length; i += 1) terms.push(chars[i]! + chars[i + 1]!);
    end = match.index + match[0].length;
  }
  const rest = word.slice(end);
  if (rest) terms.push(stemOf(rest));
  return terms;
}

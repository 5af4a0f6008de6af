import stemmer from 'stemmer';

const WORD = /[\p{L}\p{M}\p{N}]+(?:['’-][\p{L}\p{M}]+)*/gu;
/** Any number is the same word. */
const NUMBER = '#';

/** The lower-cased words of a text, typographic apostrophes made plain. */
export function wordsOf(text: string): string[] {
  return (text.normalize('NFC').toLowerCase().match(WORD) ?? []).map((word) => word.replace(/’/g, "'"));
}

/** A word as examples and lexicons are compared by: its Porter stem, every number alike. */
export function stemOf(word: string): string {
  return /^\p{N}/u.test(word) ? NUMBER : stemmer(word);
}

/** A text on one line, its runs of white space as single spaces. */
export function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

const UNSPACED =
  '\\p{sc=Han}\\p{sc=Hiragana}\\p{sc=Katakana}\\p{sc=Thai}\\p{sc=Lao}\\p{sc=Khmer}\\p{sc=Myanmar}';
/** What has no white space for longer is no word: it counts once for each such part. */
const LONGEST_WORD_CHARS = 40;
const WORD = new RegExp(`[${UNSPACED}]|[^\\s${UNSPACED}]{1,${LONGEST_WORD_CHARS}}`, 'gu');

/** How many words a text has: what stands between white space; of scripts without it, each character. */
export function wordCount(text: string): number {
  let words = 0;
  for (const _ of text.matchAll(WORD)) words += 1;
  return words;
}

/** A text's first words, as they stand. */
export function firstWords(text: string, words: number): string {
  let counted = 0;
  for (const { index, 0: word } of text.matchAll(WORD)) {
    counted += 1;
    if (counted === words) return text.slice(0, index + word.length);
  }
  return text;
}

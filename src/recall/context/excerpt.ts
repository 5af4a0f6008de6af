import { termsOf } from '../terms';

const SENTENCES = new Intl.Segmenter('en', { granularity: 'sentence' });
const CUT = '…';

/** The sentences of a text, trimmed, in order. */
export function sentencesOf(text: string): string[] {
  return Array.from(SENTENCES.segment(text), ({ segment }) => segment.trim()).filter(
    (sentence) => sentence !== '',
  );
}

/**
 * A stretch of at most `maxChars` characters of a long text, around the sentence that has most of the terms; a shorter
 * text stays as it is.
 */
export function excerpt(text: string, terms: ReadonlySet<string>, maxChars: number): string {
  if (text.length <= maxChars) return text;
  const sentences = sentencesOf(text);
  let best = 0;
  let most = -1;
  sentences.forEach((sentence, i) => {
    const matched = new Set(termsOf(sentence).filter((term) => terms.has(term))).size;
    if (matched > most) [best, most] = [i, matched];
  });
  let from = best;
  let to = best + 1;
  let length = sentences[best]?.length ?? 0;
  // What follows explains more often than what precedes.
  while (to < sentences.length && length + sentences[to]!.length < maxChars)
    length += sentences[to++]!.length + 1;
  while (from > 0 && length + sentences[from - 1]!.length < maxChars) length += sentences[--from]!.length + 1;
  const kept = sentences.slice(from, to).join(' ');
  const head = from > 0 ? `${CUT} ` : '';
  const tail = to < sentences.length || kept.length > maxChars ? ` ${CUT}` : '';
  return `${head}${wellFormedHead(kept, maxChars).trim()}${tail}`;
}

/** The first characters, no surrogate pair cut in two. */
function wellFormedHead(text: string, maxChars: number): string {
  const head = text.slice(0, Math.max(0, maxChars));
  return /[\uD800-\uDBFF]$/.test(head) ? head.slice(0, -1) : head;
}

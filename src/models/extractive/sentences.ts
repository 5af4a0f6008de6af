import { wordCount } from '../../domain/words';

/** A sentence, or a clause that can stand alone, of one turn. */
export interface Sentence {
  text: string;
  kind: 'statement' | 'question' | 'attachment';
}

const SENTENCES = new Intl.Segmenter('en', { granularity: 'sentence' });

/** A full stop behind these ends no sentence. */
const ABBREVIATED =
  /(?<![\p{L}\p{N}])(?:dr|mr|mrs|ms|mx|prof|st|mt|rev|sgt|capt|lt|gen|vs|cf|approx|e\.g|i\.e)\.\s*$/iu;

/** What chat programs put for a picture: `[photo: a dog on a beach]`. */
const ATTACHMENT = /\[\s*((?:photo|image|picture|video|file|attachment|audio)s?)\s*:\s*([^\]]+)\]/giu;
/** Words before the first comma that address or exclaim and say nothing. */
const OPENING =
  /^(?:(?:(?:oh|ah|wow|whoa|hey|hi|hello|hiya|yo|yeah|yep|yes|yup|no|nope|nah|well|so|and|but|also|plus|ok|okay|sure|right|absolutely|definitely|totally|exactly|haha|lol|aw|aww|hmm|thanks|thank you|thx|cool|nice|great|awesome|amazing|wonderful|sounds (?:good|great)|of course|no problem|anyway|anyways|honestly|actually|by the way|btw|guess what|you know|you know what|i mean|i agree|for sure|no worries|congrats|congratulations)(?: (?:so much|a lot|again|there|man|dude|guys|everyone|buddy))?[\s,!.:…-]+)+)/iu;
/** Where a sentence may be cut: what follows has its own subject and verb. */
const CLAUSE_BREAK =
  /(?:\s+[-–—]+\s+|\s*;\s+|,\s+(?:and|but|so)\s+(?=(?:i|we|he|she|they|it|my|our|his|her|their|that|this|there)\b))/iu;
const MIN_CLAUSE_WORDS = 4;

/** A turn's sentences in order, without greetings, exclamations and what addresses the other at their beginning. */
export function sentencesOf(content: string, addressed: readonly string[] = []): Sentence[] {
  const found: Sentence[] = [];
  const text = content.replace(ATTACHMENT, (_, kind: string, caption: string) => {
    found.push({ text: `${kind.toLowerCase().replace(/s$/, '')}: ${tidy(caption)}`, kind: 'attachment' });
    return ' ';
  });
  const said: Sentence[] = [];
  for (const line of text.split(/\n+/)) {
    for (const segment of segmentsOf(line)) {
      for (const clause of clausesOf(withoutAddress(tidy(segment), addressed))) {
        if (!/[\p{L}\p{N}]/u.test(clause)) continue;
        said.push({ text: clause, kind: /\?["')\s]*$/u.test(clause) ? 'question' : 'statement' });
      }
    }
  }
  return [...said, ...found];
}

/** "My doctor, Dr. Patel, said so" is one. */
function segmentsOf(line: string): string[] {
  const segments: string[] = [];
  for (const { segment } of SENTENCES.segment(line)) {
    const before = segments.at(-1);
    if (before !== undefined && ABBREVIATED.test(before)) segments[segments.length - 1] = before + segment;
    else segments.push(segment);
  }
  return segments;
}

function clausesOf(sentence: string): string[] {
  const parts = sentence.split(CLAUSE_BREAK);
  const clauses: string[] = [];
  for (const part of parts) {
    const clause = part.trim();
    const before = clauses.at(-1);
    if (
      before !== undefined &&
      (wordCount(clause) < MIN_CLAUSE_WORDS || wordCount(before) < MIN_CLAUSE_WORDS)
    ) {
      // Too short to stand alone: the sentence stays whole there.
      const start = sentence.indexOf(before);
      const end = sentence.indexOf(clause, start + before.length) + clause.length;
      clauses[clauses.length - 1] = sentence.slice(start, end);
    } else clauses.push(clause);
  }
  return clauses.map(capitalized);
}

function withoutAddress(sentence: string, addressed: readonly string[]): string {
  let text = sentence;
  for (let round = 0; round < 3; round += 1) {
    const before = text;
    text = text.replace(OPENING, '');
    for (const name of addressed) {
      if (name === '') continue;
      const escaped = name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
      text = text
        .replace(new RegExp(`^${escaped}\\s*[,!.:-]+\\s*`, 'iu'), '')
        .replace(new RegExp(`,\\s*${escaped}\\s*([.!?]*)$`, 'iu'), '$1');
    }
    if (text === before) break;
  }
  return text;
}

function tidy(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

function capitalized(text: string): string {
  return text.replace(/^\p{Ll}/u, (letter) => letter.toUpperCase());
}

import emotions from '../lexicon/emotions.json';
import { stemOf, wordsOf } from '../words';

/** What somebody without words for it may be taken to feel. */
const UNNAMED = {
  good: { calm: 'contentment', stirred: 'joy' },
  bad: { calm: 'sadness', stirred: 'distress' },
};
const STIRRED_FROM = 0.5;
const PLAIN_AROUSAL = 0.4;
const A_MARK = 0.12;
const SHOUTED = 0.12;
const BOOSTED = 0.08;
const MAX_MARKS = 3;

interface Emotion {
  name: string;
  valence: number;
  arousal: number;
}

const BY_STEM: ReadonlyMap<string, Emotion> = new Map(
  Object.entries(emotions).flatMap(([name, { valence, arousal, words }]) =>
    words.split(' ').map((word) => [stemOf(word), { name, valence, arousal }] as const),
  ),
);
const BOOSTERS = /\b(?:so|very|really|extremely|absolutely|completely|totally|incredibly|utterly|deeply)\b/gi;

/** How stirred a text is, 0..1, and what its feeling is called, given whether it is good or bad. */
export function nameEmotion(text: string, valence: number): { emotion: string; arousal: number } {
  const found = wordsOf(text)
    .map((word) => BY_STEM.get(stemOf(word)))
    .filter((emotion) => emotion !== undefined && Math.sign(emotion.valence) === Math.sign(valence));
  const named = found[0];
  const base = found.length > 0 ? Math.max(...found.map((emotion) => emotion!.arousal)) : PLAIN_AROUSAL;
  const arousal = Math.min(1, base + raised(text));
  if (named) return { emotion: named.name, arousal };
  return {
    emotion: UNNAMED[valence > 0 ? 'good' : 'bad'][arousal >= STIRRED_FROM ? 'stirred' : 'calm'],
    arousal,
  };
}

function raised(text: string): number {
  const marks = Math.min(MAX_MARKS, text.match(/!/g)?.length ?? 0);
  const shouted = /\b\p{Lu}{4,}\b/u.test(text) ? SHOUTED : 0;
  const boosted = Math.min(2, text.match(BOOSTERS)?.length ?? 0);
  return marks * A_MARK + shouted + boosted * BOOSTED;
}

import lexicon from './lexicon/personas.json';
import { stemOf, wordsOf } from './words';

/** What a lexicon's word counts, beside once for each example that has it. */
const LEXICON_COUNT = 4;
const SMOOTHING = 0.5;

/** How strongly the words of a text speak for each class: log odds against the classes' mean, one value a class. */
export type WordScores = (text: string) => number[];

/** The class of what belongs to no persona, as the lexicon calls it. */
const NO_PERSONA = 'none';

/**
 * Counts words of examples and lexicon by class (naive Bayes).
 * @param classes personas; null for what belongs to none
 */
export function countPersonaWords(
  examples: readonly { text: string; persona?: string | null }[],
  classes: readonly (string | null)[],
): WordScores {
  const totals = classes.map(() => 2 * SMOOTHING + LEXICON_COUNT);
  const counts = new Map<string, number[]>();
  const add = (stem: string, place: number, count: number): void => {
    let of = counts.get(stem);
    if (!of) counts.set(stem, (of = classes.map(() => 0)));
    of[place]! += count;
  };
  for (const example of examples) {
    const place = example.persona === undefined ? -1 : classes.indexOf(example.persona);
    if (place < 0) continue;
    totals[place]! += 1;
    for (const stem of stemsOf(example.text)) add(stem, place, 1);
  }
  classes.forEach((persona, place) => {
    const words = (lexicon as Record<string, string>)[persona ?? NO_PERSONA] ?? '';
    for (const stem of stemsOf(words)) add(stem, place, LEXICON_COUNT);
  });
  const odds = new Map(
    [...counts].map(([stem, of]) => {
      const logs = of.map((count, place) => Math.log((count + SMOOTHING) / totals[place]!));
      const mean = logs.reduce((sum, log) => sum + log, 0) / logs.length;
      return [stem, logs.map((log) => log - mean)];
    }),
  );
  return (text) => {
    const scores = classes.map(() => 0);
    for (const stem of stemsOf(text)) odds.get(stem)?.forEach((log, place) => (scores[place]! += log));
    return scores;
  };
}

function stemsOf(text: string): Set<string> {
  return new Set(wordsOf(text).map(stemOf));
}

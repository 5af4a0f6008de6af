import table from './frequencies.json';

/** Words of an average turn: turns a word's frequency into the share of turns that hold it. */
const WORDS_PER_TURN = 15;
/** For words that the table lacks: names, slang, other languages, numbers. */
const UNKNOWN_SHARE = 1e-4;

const shares = new Map<string, number>();
for (const [level, stems] of Object.entries(table.levels)) {
  const frequency = 10 ** (-Number(level) / table.stepsPerPower);
  const share = Math.max(UNKNOWN_SHARE, 1 - Math.exp(-frequency * WORDS_PER_TURN));
  for (const stem of stems.split(' ')) shares.set(stem, share);
}

/** The share of turns that hold each term of everyday language, 0..1. */
export const EVERYDAY_TERMS: ReadonlyMap<string, number> = shares;

/** The share of turns that hold a term in everyday language, 0..1. */
export function backgroundShare(term: string): number {
  return shares.get(term) ?? UNKNOWN_SHARE;
}

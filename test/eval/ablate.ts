import { FUSE_WEIGHTS, type FuseWeights } from '../../src/recall/scoring/fuse';
import type { EvalConversation } from './locomo';
import { recallFigures } from './recall-figures';
import { table } from './recall-report';
import { askWhole, wholeHistories, withVectors } from './whole-history';

const WITHOUT: readonly [name: string, change: Partial<FuseWeights>][] = [
  ['everything', {}],
  ['without words', { words: 0 }],
  ["without neighbours' words", { wordContext: 0 }],
  ['without meaning', { cosine: 0 }],
  ['without more meaning to infer', { inferFactor: 1 }],
  ["without neighbours' meaning", { vectorContext: 0 }],
  ['without the speaker', { speaker: 0 }],
  ['without the conversation', { session: 0 }],
  ['without dates asked for', { date: 0 }],
  ['without words of time for "when"', { when: 0 }],
  ['without the question factor', { questionFactor: 1 }],
  ['without length', { lengthGain: 0 }],
];
const GROUPS = ['categories 1-4', 'multi-hop', 'temporal', 'open', 'single-hop', 'adversarial'];

/** Says what each feature is worth: the figures with all of them, and what changes when one is left out. */
export async function ablate(
  conversations: readonly EvalConversation[],
  say: (line: string) => void,
): Promise<void> {
  const whole = await wholeHistories(conversations, (line) => console.error(line));
  const variants = WITHOUT.map(([name, change]) => ({ name, change, histories: whole }));
  const wordsAlone = withVectors(conversations, new Map());
  variants.push({ name: 'by words alone', change: {}, histories: wordsAlone });
  variants.push({
    name: 'by words alone, without related words',
    change: { relatedWords: 0 },
    histories: wordsAlone,
  });
  let all: number[] = [];
  const rows = variants.map(({ name, change, histories }) => {
    const figures = recallFigures(askWhole(histories, { ...FUSE_WEIGHTS, ...change }));
    const values = [
      ...GROUPS.map((group) => figures[group]!.recall_at['10'] ?? 0),
      figures['categories 1-4']!.recall_in_tokens['1000'] ?? 0,
    ];
    if (all.length === 0) {
      all = values;
      return [name, ...values.map((value) => value.toFixed(1))];
    }
    return [name, ...values.map((value, i) => signed(value - all[i]!))];
  });
  table(['R@10', ...GROUPS, 'T1000'], rows, say);
}

function signed(change: number): string {
  return `${change < 0 ? '−' : '+'}${Math.abs(change).toFixed(1)}`;
}

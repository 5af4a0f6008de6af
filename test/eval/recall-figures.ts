import {
  bootstrapInterval,
  meanPercent,
  recallAt,
  recallInTokens,
  type Interval,
  type RankedTurn,
} from './measures';

export const CATEGORIES: Readonly<Record<number, string>> = {
  1: 'multi-hop',
  2: 'temporal',
  3: 'open',
  4: 'single-hop',
  5: 'adversarial',
};
export const ADVERSARIAL = 5;
const RANKS = [5, 10, 20];
const BUDGETS = [500, 1_000, 2_000];

/** A question with the turns that came back, best first. */
export interface AnsweredQuestion {
  conversation: string;
  category: number;
  evidence: readonly string[];
  turns: readonly RankedTurn[];
}

/** Shares in percent of the evidence that came back. */
export interface RecallFigures {
  questions: number;
  recall_at: Record<string, number | null>;
  recall_in_tokens: Record<string, number | null>;
  /** Of recall at 10: nine in ten resamplings of the questions lie within; 95 %. */
  recall_at_10_interval: Interval | null;
}

/** Figures of categories 1–4 together, then of each category alone. */
export function recallFigures(answered: readonly AnsweredQuestion[]): Record<string, RecallFigures> {
  const groups: [string, AnsweredQuestion[]][] = [
    ['categories 1-4', answered.filter((one) => one.category !== ADVERSARIAL)],
    ...Object.entries(CATEGORIES).map(([category, name]): [string, AnsweredQuestion[]] => [
      name,
      answered.filter((one) => one.category === Number(category)),
    ]),
  ];
  return Object.fromEntries(groups.map(([name, group]) => [name, figuresOf(group)]));
}

function figuresOf(group: readonly AnsweredQuestion[]): RecallFigures {
  const at = (k: number): number[] => group.map(({ turns, evidence }) => recallAt(k, turns, evidence));
  const within = (budget: number): number[] =>
    group.map(({ turns, evidence }) => recallInTokens(budget, turns, evidence));
  return {
    questions: group.length,
    recall_at: Object.fromEntries(RANKS.map((k) => [k, meanPercent(at(k))])),
    recall_in_tokens: Object.fromEntries(BUDGETS.map((budget) => [budget, meanPercent(within(budget))])),
    recall_at_10_interval: bootstrapInterval(at(10)),
  };
}

import {
  bootstrapInterval,
  meanPercent,
  quantile,
  rankedTurns,
  recallAt,
  recallInTokens,
  reliability,
} from './measures';

const turn = (messageId: string, score: number, content = 'x'.repeat(4)) => ({ messageId, score, content });
const turns = rankedTurns([{ matches: [turn('a', 0.2), turn('b', 0.9)] }, { matches: [turn('c', 0.5)] }]);

it('ranks turns across memories', () => {
  expect(turns.map((one) => one.messageId)).toEqual(['b', 'c', 'a']);
});

it.each([
  [1, ['b'], 1],
  [1, ['b', 'a'], 0.5],
  [3, ['b', 'a', 'z', 'y'], 0.5],
])('recall at %d of %j is %d', (k, evidence, expected) => {
  expect(recallAt(k, turns, evidence)).toBe(expected);
});

it.each([
  [4, 0.5],
  [11, 0.5],
  [12, 1],
  [3, 0],
])('recall in %d tokens, four a turn, is %d', (budget, expected) => {
  expect(recallInTokens(budget, turns, ['b', 'a'])).toBe(expected);
});

it('sums up', () => {
  expect(meanPercent([1, 0, 0])).toBe(33.3);
  expect(meanPercent([])).toBeNull();
  expect(quantile([5, 1, 3], 0.5)).toBe(3);
  expect(quantile([], 0.5)).toBeNull();
});

it('says how far a mean may be off: less the more values there are, not at all if they are alike', () => {
  const half = (count: number): number[] => Array.from({ length: count }, (_, i) => i % 2);
  const width = ([low, high]: [number, number]): number => high - low;
  const [low, high] = bootstrapInterval(half(100))!;
  expect(low).toBeLessThan(50);
  expect(high).toBeGreaterThan(50);
  expect(width([low, high])).toBeCloseTo(2 * 1.96 * 5, -1);
  expect(width(bootstrapInterval(half(1_000))!)).toBeLessThan(high - low);
  expect(bootstrapInterval([1, 1, 1])).toEqual([100, 100]);
  expect(bootstrapInterval([])).toBeNull();
});

it('sets scores against the share of relevant ones', () => {
  const scored = [
    { score: 0.05, relevant: false },
    { score: 0.95, relevant: true },
    { score: 1, relevant: false },
  ];
  expect(reliability(scored)).toEqual([
    { from: 0, to: 0.1, count: 1, mean_score: 0.05, relevant: 0 },
    { from: 0.9, to: 1, count: 2, mean_score: 0.975, relevant: 50 },
  ]);
});

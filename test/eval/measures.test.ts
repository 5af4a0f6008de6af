import { meanPercent, quantile, rankedTurns, recallAt, recallInTokens } from './measures';

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

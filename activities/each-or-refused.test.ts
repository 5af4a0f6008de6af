import { RefusedError, UnavailableError } from '../src/domain/errors';
import { eachOrRefused } from './each-or-refused';

const numbers = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

describe('eachOrRefused', () => {
  it.each([
    ['none', [], 1],
    ['one', [3], 10],
    ['two', [0, 15], 20],
    ['all', numbers(16), 40],
  ])('%s of 16 refused: exactly those fail, in few calls', async (_, bad, mostCalls) => {
    let calls = 0;
    const { done, refused } = await eachOrRefused(numbers(16), async (part) => {
      calls += 1;
      if (part.some((item) => bad.includes(item))) throw new RefusedError('embedder', 'no');
      return part.map((item) => item * 2);
    });
    expect([...refused.keys()].sort((a, b) => a - b)).toEqual(bad);
    expect([...done].every(([item, result]) => result === item * 2)).toBe(true);
    expect(done.size + refused.size).toBe(16);
    expect(calls).toBeLessThanOrEqual(mostCalls);
  });

  it('does not take a part that is away for a refusal', async () => {
    const away = eachOrRefused([1, 2], async () => {
      throw new UnavailableError('embedder', 'away');
    });
    await expect(away).rejects.toThrow(UnavailableError);
  });
});

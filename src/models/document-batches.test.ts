import fc from 'fast-check';
import {
  chooseBatch,
  estimateTokens,
  MAX_TEXTS_PER_BATCH,
  MAX_TOKENS_PER_BATCH,
  MAX_TOKENS_PER_TEXT,
} from './document-batches';

describe('choosing the next batch', () => {
  const repeat = (length: number, times: number): number[] => new Array<number>(times).fill(length);

  it.each<[string, number[], number[]]>([
    ['nothing waits', [], []],
    ['one waits', [40], [0]],
    ['all fit', [40, 20, 30], [1, 2, 0]],
    ['the oldest goes with its like', [50, ...repeat(5, 15), 49, ...repeat(51, 3)], [16, 0, 17, 18, 19]],
    ['no more than a batch', [50, 49, ...repeat(51, 9)], [0, 2, 3, 4, 5, 6, 7, 8]],
    ['a long one is not padded to', [10, 200, 12], [0, 2]],
    ['a longest text leaves room for few', repeat(MAX_TOKENS_PER_TEXT, 9), [0, 1]],
  ])('%s', (_, lengths, expected) => expect(chooseBatch(lengths)).toEqual(expected));

  it('takes the oldest, keeps its limits and wastes no place', () => {
    const lengths = fc.array(fc.integer({ min: 2, max: MAX_TOKENS_PER_TEXT }), {
      minLength: 1,
      maxLength: 400,
    });
    fc.assert(
      fc.property(lengths, (waiting) => {
        const batch = chooseBatch(waiting);
        expect(batch).toContain(0);
        expect(new Set(batch).size).toBe(batch.length);
        expect(batch.length).toBeLessThanOrEqual(MAX_TEXTS_PER_BATCH);
        const longest = Math.max(...batch.map((i) => waiting[i]!));
        expect(longest * batch.length).toBeLessThanOrEqual(MAX_TOKENS_PER_BATCH);
        const like = waiting
          .slice(0, 256)
          .some((length, i) => length <= longest && length >= longest / 2 && !batch.includes(i));
        const room =
          batch.length < MAX_TEXTS_PER_BATCH && longest * (batch.length + 1) <= MAX_TOKENS_PER_BATCH;
        expect(like && room).toBe(false);
      }),
    );
  });
});

describe('estimating tokens', () => {
  it.each([
    ['', 2],
    ['twelve chars', 5],
    ['こんにちは', 7],
    ['x'.repeat(100_000), MAX_TOKENS_PER_TEXT],
  ])('%#', (text, expected) => expect(estimateTokens(text)).toBe(expected));
});

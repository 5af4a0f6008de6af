import { contentRecall, contentWords, greedyCover } from './summary-measure';

describe('contentRecall', () => {
  it('counts distinct content words, lightly stemmed, names kept', () => {
    expect(contentWords('Ana was painting the paintings')).toEqual(['ana', 'paint', 'painting']);
    expect(contentRecall('Ben paints', 'Ana paints and Ben paints')).toBeCloseTo(2 / 3);
  });

  it('cuts the summary to the length of the reference', () => {
    expect(contentRecall('one two three Ana', 'Ana went home')).toBe(0);
  });
});

describe('greedyCover', () => {
  it('takes what is said often and not yet covered', () => {
    expect(greedyCover(['The dog barks. Rain.', 'A dog barks. A cat.'], 4)).toBe('The dog barks. Rain.');
  });
});

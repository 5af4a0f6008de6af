import { repetitionFactors } from './diversity';

const factorsOf = (contents: string[]): number[] =>
  repetitionFactors(contents.map((content) => ({ content })));

it('counts every further version of a sentence for less', () => {
  expect(
    factorsOf([
      'I live in Porto with two cats.',
      'My sister keeps bees.',
      'I live in Porto, with two cats!',
      'i live in porto with two cats',
      'I do not live in Porto with two cats.',
    ]),
  ).toEqual([1, 1, 0.5, 0.25, 1]);
});

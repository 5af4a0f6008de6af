import { repetitionFactors } from './diversity';

it('counts every further version of a sentence for less', () => {
  expect(
    repetitionFactors([
      'I live in Porto with two cats.',
      'My sister keeps bees.',
      'I live in Porto, with two cats!',
      'i live in porto with two cats',
      'I do not live in Porto with two cats.',
    ]),
  ).toEqual([1, 1, 0.5, 0.25, 1]);
});

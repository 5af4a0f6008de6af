import { termsOf } from '../terms';
import { excerpt, sentencesOf } from './excerpt';

const long = ['I had breakfast.', 'We sailed to Corsica.', 'It rained all day.', 'Then I slept.'].join(' ');

it('leaves a short text as it is', () => {
  expect(excerpt(long, new Set(), long.length)).toBe(long);
});
it('keeps the sentence that has the terms, and what fits after it', () => {
  expect(excerpt(long, new Set(termsOf('sailing')), 45)).toBe('… We sailed to Corsica. It rained all day. …');
});
it('takes the beginning when nothing matches', () => {
  expect(excerpt(long, new Set(termsOf('tax')), 20)).toBe('I had breakfast. …');
});
it('cuts one endless sentence, no character in two', () => {
  const cut = excerpt('😀'.repeat(100), new Set(), 11);
  expect(cut).toBe(`${'😀'.repeat(5)} …`);
});
it('splits into sentences', () => {
  expect(sentencesOf('One. Two!\nThree')).toEqual(['One.', 'Two!', 'Three']);
});

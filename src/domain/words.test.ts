import { firstWords, wordCount } from './words';

describe('words', () => {
  it.each<[string, number]>([
    ['', 0],
    ['  I sold\nmy car. ', 4],
    ['x'.repeat(100), 3],
    ['我买了花瓶', 5],
    ['Ana 买了 vase', 4],
  ])('%j are %d', (text, expected) => expect(wordCount(text)).toBe(expected));

  it.each<[string, number, string]>([
    ['I sold my car.', 2, 'I sold'],
    ['I sold my car.', 9, 'I sold my car.'],
    ['我买了花瓶', 3, '我买了'],
    ['x'.repeat(100), 1, 'x'.repeat(40)],
  ])('the first of %j, %d of them', (text, words, expected) =>
    expect(firstWords(text, words)).toBe(expected),
  );
});

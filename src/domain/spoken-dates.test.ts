import { spokenRange, withAbsoluteDates } from './spoken-dates';

const SAID = new Date('2024-01-08T10:00:00Z');

describe('withAbsoluteDates', () => {
  it.each([
    ['I sold it yesterday.', 'I sold it on 7 January.'],
    ['Yesterday I sold it.', 'On 7 January I sold it.'],
    ['We leave tomorrow', 'We leave on 9 January'],
    ['We met last month and part next month', 'We met in December 2023 and part in February 2024'],
    ['LAST YEAR was hard, next year will not be', 'In 2023 was hard, in 2025 will not be'],
    ['yesterday evening it rained', 'yesterday evening it rained'],
    ['yesterday’s bread', 'yesterday’s bread'],
    ['the last monthly letter', 'the last monthly letter'],
    ['nothing of the kind', 'nothing of the kind'],
  ])('%s', (text, expected) => {
    expect(withAbsoluteDates(text, SAID)).toBe(expected);
  });
});

describe('spokenRange', () => {
  it.each([
    ['2024-01-08T23:00:00Z', 'On 8 January 2024'],
    ['2024-03-02T00:00:00Z', 'From 8 January to 2 March 2024'],
    ['2025-03-02T00:00:00Z', 'From 8 January 2024 to 2 March 2025'],
  ])('to %s', (to, expected) => {
    expect(spokenRange(SAID, new Date(to))).toBe(expected);
  });
});

import { isSpelt, lettersOff, nearestTerms } from './spelling';

describe('letters off', () => {
  it.each<[string, string, number]>([
    ['violin', 'violin', 0],
    ['violn', 'violin', 1],
    ['vioolin', 'violin', 1],
    ['vialin', 'violin', 1],
    ['voilin', 'violin', 1],
    ['vloin', 'violin', 2],
    ['violet', 'violin', 2],
    ['guitar', 'violin', 3],
    ['скрпка', 'скрипка', 1],
    ['', 'ab', 2],
  ])('%s for %s: %d', (a, b, expected) => {
    expect(lettersOff(a, b, 2)).toBe(expected);
    expect(lettersOff(b, a, 2)).toBe(expected);
  });
});

describe('nearest terms', () => {
  const known = (terms: Record<string, number>) => new Map(Object.entries(terms));
  it.each<[what: string, typed: string, known: Record<string, number>, expected: string[]]>([
    ['a letter missing', 'violn', { violin: 1, guitar: 9 }, ['violin']],
    ['the first letter wrong', 'ciolin', { violin: 1 }, ['violin']],
    ['a broken ending', 'paintng', { paint: 1 }, ['paint']],
    [
      'the more frequent of two as close',
      'lavnder',
      { lavndar: 1, lavender: 5, lavnde: 2 },
      ['lavender', 'lavnde', 'lavndar'],
    ],
    [
      'the closest before the more frequent',
      'marshmelow',
      { marshmellow: 1, marshmallow: 9 },
      ['marshmellow', 'marshmallow'],
    ],
    ['two letters off a long word', 'photgrapi', { photographi: 1 }, ['photographi']],
    ['two letters off a short one: another word', 'violet', { violin: 3 }, []],
    ['too short to tell', 'cst', { cat: 5, cost: 5 }, []],
    ['another alphabet', 'скрпка', { скрипка: 1 }, ['скрипка']],
    ['no letters', '2o23', { '2023': 1 }, []],
    ['pairs of characters', '東京', { 東北: 1 }, []],
    ['itself', 'violin', { violin: 1 }, []],
  ])('%s', (_what, typed, terms, expected) => {
    expect(nearestTerms(typed, known(terms))).toEqual(expected);
  });
});

it.each<[string, boolean]>([
  ['violn', true],
  ['скрпка', true],
  ['vio', false],
  ['b2b4', false],
  ['東京東京', false],
  ['عائلتي', false],
])('whether %s can be misspelt: %s', (term, expected) => {
  expect(isSpelt(term)).toBe(expected);
});

import fc from 'fast-check';
import type * as Vader from 'vader-sentiment';
import { compoundScore } from './vader';

/** VADER as it comes, in a copy of its own. */
let original: typeof Vader.SentimentIntensityAnalyzer;
jest.isolateModules(() => {
  original = jest.requireActual<typeof Vader>('vader-sentiment').SentimentIntensityAnalyzer;
});

const piece = fc.constantFrom(
  ...[
    'good',
    'bad',
    'GREAT',
    'not',
    "isn't",
    'very',
    'kind',
    'of',
    'but',
    'hate',
    'love',
    'the',
    'constructor',
    'ok',
  ],
  ...[
    '!',
    '!!',
    '?!?',
    '!?!?',
    '...',
    ',',
    '-',
    "'",
    '"',
    ':)',
    ':(',
    ':D',
    '(',
    ')',
    '$5',
    'é',
    'ノ',
    ' ',
    '  ',
    '\n',
  ],
);

it('reads as VADER does', () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const text = pieces.join('');
      expect(compoundScore(text)).toBe(original.polarity_scores(text).compound);
    }),
    { numRuns: 2_000 },
  );
});

it.each([
  ['', 0],
  ['I am SO happy, really!!! It was "great" -- can\'t wait :) The kids loved it; (maybe).', 1],
  ["It isn't good, it's horrible :(", -1],
  ['The train leaves at nine.', 0],
])('%p', (text, sign) => {
  expect(Math.sign(compoundScore(text))).toBe(sign);
  expect(compoundScore(text)).toBe(original.polarity_scores(text).compound);
});

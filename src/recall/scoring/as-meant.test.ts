import { poolTurn } from '../../../test/support/pool-turn';
import { backgroundShare } from '../background/share';
import { asMeant, doubtfulTerms } from './as-meant';
import { scorePool } from './fuse';
import { evidenceOf } from './gate';
import { makePool } from './pool';
import { readQuestion } from './question';

const now = new Date('2023-10-20T00:00:00Z');
const pool = makePool([
  poolTurn(1, 'I started violin lessons in spring'),
  poolTurn(2, 'My violin teacher is called Zelma'),
  poolTurn(3, 'The bikes are in the shed'),
]);
const ask = (text: string) => readQuestion(text, [], null, now);

it.each<[what: string, text: string, expected: string[]]>([
  ['words that nobody knows', 'when did the violn lessns start?', ['violn', 'lessn']],
  ['everyday words', 'when did the violin lessons start?', []],
  ['what is written like a name', 'did I meet Zelmo there?', []],
  ['numbers', 'what was in 20233?', []],
])('doubtful are %s', (_what, text, expected) => {
  expect(doubtfulTerms(ask(text))).toEqual(expected);
});

it.each<[what: string, text: string, terms: string[], corrected: string[]]>([
  ['a misspelt word', 'violn', ['violin'], ['violin']],
  ['one beside the word itself: it counts in full', 'violin or violn', ['violin'], []],
  ['a word that is near another, and a word', 'hikes', ['hike'], []],
  ['a rare word that is said', 'zelma', ['zelma'], []],
  ['a rare word, misspelt', 'zelmaa', ['zelma'], ['zelma']],
  ['what is near nothing', 'qwrtzp', ['qwrtzp'], []],
])('reads %s', (_what, text, terms, corrected) => {
  const question = ask(text);
  const meant = asMeant(question, pool);
  expect(meant.terms).toEqual(terms);
  expect([...(meant.termWeights ?? new Map()).keys()]).toEqual(corrected);
  if (terms.join() === question.terms.join()) expect(meant).toBe(question);
});

it('a correction finds the same turn as the word itself, as weaker evidence', () => {
  const best = (text: string) => {
    const question = asMeant(ask(text), pool);
    const scored = scorePool(pool, question, backgroundShare);
    const place = scored.scores.reduce(
      (most, { pooled }, i) => (pooled > scored.scores[most]!.pooled ? i : most),
      0,
    );
    return { place, ...evidenceOf(scored, question)[place]! };
  };
  const right = best('violin lessons');
  const wrong = best('violn lessons');
  expect(wrong).toMatchObject({ place: right.place, terms: ['violin', 'lesson'], phrases: 1 });
  expect(wrong.share).toBeLessThan(right.share);
  expect(wrong.matched).toBeGreaterThan(right.matched / 2);
});

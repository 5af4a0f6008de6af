import { poolTurn } from '../../../test/support/pool-turn';
import { relatedTerms } from '../background/related';
import { makePool, postingsOf } from './pool';
import { withRelatedWords } from './related-words';

const related = (term: string) =>
  term === 'pet'
    ? [
        { term: 'dog', likeness: 0.8 },
        { term: 'cat', likeness: 0.5 },
      ]
    : [];
const pool = makePool([
  poolTurn(1, 'my dog, a dog and my cat'),
  poolTurn(2, 'pet pet'),
  poolTurn(3, 'the cat sleeps'),
  poolTurn(4, 'rain'),
]);
const expanded = (terms: string[], weight = 0.5) =>
  withRelatedWords(pool, postingsOf(pool, terms), terms, related, weight).get('pet');

it('a turn with a related word counts a little for the term, by the nearest of them, once', () => {
  expect(expanded(['pet'])).toEqual({ places: [0, 1, 2], counts: [0.4, 2, 0.25] });
});

it('what the question says itself stands for nothing else', () => {
  expect(expanded(['pet', 'dog'])).toEqual({ places: [0, 1, 2], counts: [0.25, 2, 0.25] });
});

it('leaves alone a term that several turns hold, and all without a weight', () => {
  const often = makePool(
    [1, 2, 3, 4].map((n) => poolTurn(n, n === 4 ? 'a pet and a dog' : 'pet')).concat(poolTurn(5, 'dog')),
  );
  const own = postingsOf(often, ['pet']);
  expect(withRelatedWords(often, own, ['pet'], related, 0.5).get('pet')).toEqual(own.get('pet'));
  expect(expanded(['pet'], 0)).toEqual({ places: [1], counts: [2] });
});

describe('relatedTerms', () => {
  it('knows kinds of things, both ways', () => {
    const others = (term: string) => relatedTerms(term).map((other) => other.term);
    expect(others('violin')).toContain('instrument');
    expect(others('instrument')).toContain('violin');
    expect(others('dog')).toContain('puppi');
    expect(others('dog')).not.toContain('violin');
    expect(others('qwrtzp')).toEqual([]);
  });
});

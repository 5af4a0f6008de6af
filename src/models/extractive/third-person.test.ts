import { told } from './third-person';

describe('told', () => {
  it.each([
    ['I went to the museum.', 'Ana went to the museum.'],
    ["I'm learning to sail", 'Ana is learning to sail.'],
    ["I've sold my car.", 'Ana has sold their car.'],
    ["I don't like my job!", "Ana doesn't like their job!"],
    ['I really love my dog', 'Ana really loves their dog.'],
    ['I try to run and I teach chess.', 'Ana tries to run and Ana teaches chess.'],
    ['My sister visited me.', 'Ana’s sister visited them.'],
    ['The stories were good.', 'Ana said the stories were good.'],
  ])('tells %s', (said, expected) => {
    expect(told(said, 'Ana')).toBe(expected);
  });

  it.each([
    ['We moved to Lisbon.', 'Ana: “We moved to Lisbon.”'],
    ['You should see my garden', 'Ana: “You should see my garden.”'],
    ["I'd say so", "Ana: “I'd say so.”"],
    ['Tom and I went home.', 'Ana: “Tom and I went home.”'],
    ['Gonna finish my course', 'Ana: “Gonna finish my course.”'],
    ['So am I.', 'Ana: “So am I.”'],
    ['Pets bring joy.', 'Ana: “Pets bring joy.”'],
    ['She said "I hate my boss".', "Ana: “She said 'I hate my boss'.”"],
    ['How was it?', 'Ana asked: “How was it?”'],
  ])('quotes %s, which it could get wrong', (said, expected) => {
    expect(told(said, 'Ana')).toBe(expected);
  });

  it('speaks of nameless users', () => {
    expect(told('I sold my shares.', 'the user')).toBe('The user sold their shares.');
    expect(told('My back hurts.', 'the user')).toBe('The user’s back hurts.');
  });
});

import { MAX_GROUP, nearDuplicates } from './near-duplicates';

const STOP = new Set(['i', 'the', 'a', 'my', 'is', 'to', 'on', 'at', 'do', 'not', 'every']);
const termsOf = (text: string): string[] =>
  (text.toLowerCase().match(/\p{L}+|\p{N}+/gu) ?? []).filter((word) => !STOP.has(word));
const groups = (...texts: string[]): string[][] =>
  nearDuplicates(
    texts.map((text, i) => ({ id: String(i), text, kind: 'raw' })),
    termsOf,
  );

describe('near-duplicates', () => {
  it.each([
    ['equal but for case and punctuation', ['I run daily!', 'I RUN daily'], true],
    ['words in another order', ['I drink green tea every morning', 'Every morning I drink green tea'], true],
    ['a denial', ['I drink green tea at home', 'I do not drink green tea at home'], false],
    [
      'another number',
      ['I paid rent of 900 euros today again', 'I paid rent of 950 euros today again'],
      false,
    ],
    ['one of four words', ['my cat likes fish', 'my cat likes meat'], false],
    ['a question', ['You drink green tea daily', 'You drink green tea daily?'], false],
    ['short and unequal', ['good night', 'night good'], false],
    ['nothing but signs', ['👍', '👎'], false],
    ['the same signs', ['👍', '👍'], true],
  ])('%s', (_, texts, same) => {
    expect(groups(...texts)).toEqual(same ? [['0', '1']] : []);
  });

  it('one word of many may differ', () => {
    const words = Array.from({ length: 19 }, (_, i) => `word${'abcdefghijklmnopqrs'[i]}`);
    expect(groups(words.join(' '), [...words.slice(1), words[0], 'extra'].join(' '))).toEqual([['0', '1']]);
  });

  it('compares what is of one kind alone', () => {
    const memories = ['user', 'assistant', 'user'].map((kind, i) => ({
      id: String(i),
      kind,
      text: 'I run daily',
    }));
    expect(nearDuplicates(memories, termsOf)).toEqual([['0', '2']]);
  });

  it('keeps groups to a size', () => {
    const sizes = groups(...Array.from({ length: MAX_GROUP + 3 }, () => 'I run daily')).map(
      (group) => group.length,
    );
    expect(sizes).toEqual([MAX_GROUP, 3]);
  });
});

import { isNearIdentical, likenessOf } from './likeness';

const likeness = (text: string) => likenessOf(text, text.toLowerCase().match(/\w{4,}/g) ?? []);

it.each([
  ['I live in Porto', 'i live in porto!', true],
  ['My sister Ines lives near Porto town hall', 'My sister Ines lives near Porto town hall now', true],
  ['My sister lives in Porto', 'My sister lives in Porto no more', false],
  ['I like green tea very much indeed', 'I do not like green tea very much indeed', false],
  ['I like apples', 'I like pears', false],
  ['?!', '…', true],
  ['ok', 'no', false],
])('%j and %j: %s', (a, b, same) => {
  expect(isNearIdentical(likeness(a), likeness(b))).toBe(same);
  expect(isNearIdentical(likeness(b), likeness(a))).toBe(same);
});

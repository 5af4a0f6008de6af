import { joined } from './turn-store';

const range = (conversationId: string, firstSeq: number, lastSeq: number) => ({
  conversationId,
  firstSeq,
  lastSeq,
});

it.each([
  ['none', [], []],
  ['one apart', [range('a', 5, 6), range('a', 1, 3)], [range('a', 1, 3), range('a', 5, 6)]],
  ['touching', [range('a', 1, 3), range('a', 4, 6)], [range('a', 1, 6)]],
  ['one within another', [range('a', 1, 9), range('a', 3, 4)], [range('a', 1, 9)]],
  ['of two conversations', [range('b', 2, 3), range('a', 1, 1)], [range('a', 1, 1), range('b', 2, 3)]],
])('joins ranges: %s', (_name, ranges, expected) => {
  expect(joined(ranges)).toEqual(expected);
});

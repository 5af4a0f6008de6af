import type { AcceptRequest } from '../record/messages';
import { saying } from '../../test/support/saying';
import { groupLength } from './acceptor';

const ref = { namespace: 'n', userId: 'u', conversationId: 'c' };
const of = (messages: number, chars = 10): { request: AcceptRequest } => ({
  request: { ref, messages: Array.from({ length: messages }, (_, i) => saying(`m${i}`, 'x'.repeat(chars))) },
});

describe('how many requests go into one transaction', () => {
  it.each<[string, { request: AcceptRequest }[], number]>([
    ['nobody waits', [], 0],
    ['one', [of(1)], 1],
    ['all that fit', [of(20), of(20), of(1)], 3],
    ['up to the most messages', [of(100), of(100), of(1)], 2],
    ['one that is too long by itself', [of(1_000), of(1)], 1],
    ['a long one behind a short one waits', [of(1), of(1_000), of(1)], 1],
    ['up to the most characters', [of(20, 30_000), of(10, 30_000), of(10, 30_000), of(1)], 2],
  ])('%s', (_, waiting, expected) => {
    expect(groupLength(waiting)).toBe(expected);
  });
});

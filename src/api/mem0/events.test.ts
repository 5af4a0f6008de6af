import { decodeEvent, encodeEvent } from './events';

it.each([[[3, 4, 5, 9]], [[1]], [[]]])('an event of the messages %j can be read again', (seqs) => {
  const event = { userId: 'ümit/1', conversationId: 'a b', seqs };
  const id = encodeEvent(event);
  expect(id).toMatch(/^[\w-]+$/);
  expect(decodeEvent(id)).toEqual(event);
});

it.each([
  '',
  'x',
  Buffer.from('[1,2]').toString('base64url'),
  Buffer.from('["u","c",[[1,5000]]]').toString('base64url'),
  Buffer.from('["u","c",[[0,2]]]').toString('base64url'),
  'A'.repeat(10_000),
])('%s is none', (id) => {
  expect(decodeEvent(id)).toBeNull();
});

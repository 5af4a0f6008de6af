import { conversationWorkflowId, rawMemoryId, tenantName, tiersWorkflowId } from './ids';

const ref = { namespace: 'default', userId: 'user-123', conversationId: 'chat-42' };

/** What is stored under these names is found by them alone: a change would leave it behind. */
describe('names that must never change', () => {
  it.each([
    [conversationWorkflowId(ref), 'conversation:default:user-123:chat-42:d3cf1cf9'],
    [rawMemoryId({ ...ref, conversationId: 'user-123' }, 1, 1, 0), 'e83bfc3e-664e-542c-8f92-ab9b818c4e71'],
  ])('%s', (made, stored) => expect(made).toBe(stored));
});

it('a raw memory is named by its place: namespace, user, conversation, range and erase epoch', () => {
  const others = [
    rawMemoryId(ref, 1, 3, 0),
    rawMemoryId({ ...ref, namespace: 'other' }, 1, 3, 0),
    rawMemoryId({ ...ref, userId: 'other' }, 1, 3, 0),
    rawMemoryId({ ...ref, conversationId: 'other' }, 1, 3, 0),
    rawMemoryId(ref, 2, 3, 0),
    rawMemoryId(ref, 1, 2, 0),
    rawMemoryId(ref, 1, 3, 1),
  ];
  expect(new Set(others).size).toBe(others.length);
  expect(rawMemoryId({ ...ref }, 1, 3, 0)).toBe(others[0]);
  for (const id of others)
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

describe('a workflow’s id', () => {
  it.each([
    ['a slash and a percent', { ...ref, userId: 'a/b%2F' }],
    ['a colon', { ...ref, userId: 'a:b', conversationId: 'c' }],
    [
      'any script, of the greatest length',
      { ...ref, userId: '🍵'.repeat(200), conversationId: '語'.repeat(200) },
    ],
    [
      'a long namespace',
      { ...ref, namespace: 'n'.repeat(64), userId: 'u'.repeat(200), conversationId: 'c'.repeat(200) },
    ],
  ])('stays below 200 bytes and within what the UI can route, with %s', (_, odd) => {
    for (const id of [conversationWorkflowId(odd), tiersWorkflowId(odd.namespace, odd.userId)]) {
      expect(Buffer.byteLength(id)).toBeLessThan(200);
      expect(id).toMatch(/^[A-Za-z0-9_.@:-]+$/);
    }
  });

  it('tells apart what reads alike', () => {
    const ids = [
      { ...ref, userId: 'a b' },
      { ...ref, userId: 'a/b' },
      { ...ref, userId: 'a_b' },
      { ...ref, userId: 'a', conversationId: 'b:c' },
      { ...ref, userId: 'a:b', conversationId: 'c' },
      { ...ref, userId: `${'x'.repeat(60)}1` },
      { ...ref, userId: `${'x'.repeat(60)}2` },
    ].map(conversationWorkflowId);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

it('a tenant is a user’s own, within what Weaviate takes', () => {
  const names = [
    tenantName('n', 'a'),
    tenantName('n', 'b'),
    tenantName('m', 'a'),
    tenantName('n/a', ''),
    tenantName('名前空間'.repeat(20), '語'.repeat(200)),
  ];
  expect(new Set(names).size).toBe(names.length);
  for (const name of names) expect(name).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
});

import { NOTHING as NONE, Quotas, sizeOf } from './quotas';

const owner = { namespace: 'n', userId: 'u' };

function quotas(user: Partial<typeof NONE>, namespace: Partial<typeof NONE>, has = NONE) {
  let counts = 0;
  const one = new Quotas({
    limits: { user: { ...NONE, ...user }, namespace: { ...NONE, ...namespace } },
    usageOf: async () => {
      counts += 1;
      return has;
    },
  });
  return { one, counts: () => counts };
}

/** Nothing of it is stored already. */
const allOf = (size: typeof NONE) => () => Promise.resolve(size);
const say = (count: number) => sizeOf(Array.from({ length: count }, () => ({ content: 'äb' })));

it('without a quota nothing is counted', async () => {
  const { one, counts } = quotas({}, {});
  expect(one.set).toBe(false);
  await one.admit(owner, say(1_000), allOf(say(1_000)));
  expect(await one.refusal(owner, say(1_000))).toBeNull();
  expect(counts()).toBe(0);
});

it.each([
  ['QUOTA_USER_MESSAGES', { messages: 3 }, {}],
  ['QUOTA_USER_BYTES', { bytes: 9 }, {}],
  ['QUOTA_NAMESPACE_MESSAGES', {}, { messages: 3 }],
  ['QUOTA_NAMESPACE_BYTES', { bytes: 100 }, { bytes: 9 }],
])('%s lets in what fits, and says its name to the rest', async (name, user, namespace) => {
  const { one, counts } = quotas(user, namespace);
  await one.admit(owner, say(2), allOf(say(2)));
  expect(await one.refusal(owner, say(2))).toContain(name);
  const refused = new Quotas({
    limits: { user: { ...NONE, ...user }, namespace: { ...NONE, ...namespace } },
    usageOf: async () => say(2),
  });
  await expect(refused.admit(owner, say(2), allOf(say(2)))).rejects.toMatchObject({
    status: 403,
    detail: expect.stringContaining(name),
  });
  // What was refused takes no room.
  expect(await one.refusal(owner, say(1))).toBeNull();
  expect(counts()).toBeLessThanOrEqual(2);
});

it('memories beyond their quota are refused', async () => {
  const { one } = quotas({ memories: 5 }, {}, { ...NONE, memories: 5 });
  const another = { ...NONE, memories: 1 };
  await expect(one.admit(owner, another, allOf(another))).rejects.toMatchObject({ status: 403 });
});

it('what is stored already needs no room, and what is new among it needs its own', async () => {
  const { one } = quotas({ messages: 3 }, {}, say(2));
  await one.admit(owner, say(2), allOf(NONE));
  (await one.admit(owner, say(3), allOf(say(1)))).settle(say(1));
  await one.admit(owner, say(3), allOf(NONE));
  await expect(one.admit(owner, say(3), allOf(say(1)))).rejects.toMatchObject({ status: 403 });
});

it('room that was not used is there for others', async () => {
  const { one } = quotas({ messages: 3 }, {});
  const room = await one.admit(owner, say(3), allOf(say(3)));
  room.settle(say(1));
  (await one.admit(owner, say(2), allOf(say(2)))).settle(NONE);
  expect(await one.refusal(owner, say(2))).toBeNull();
  expect(await one.refusal(owner, say(1))).toContain('QUOTA_USER_MESSAGES');
});

it('the very same beside the one that took the last room waits until that is stored', async () => {
  const { one } = quotas({ messages: 1 }, {});
  let stored = false;
  const stillNew = () => Promise.resolve(stored ? NONE : say(1));
  const first = await one.admit(owner, say(1), stillNew);
  const others = Array.from({ length: 7 }, () => one.admit(owner, say(1), stillNew));
  // As long as they may take to ask too early.
  await new Promise(setImmediate);
  stored = true;
  first.settle(say(1));
  for (const other of await Promise.all(others)) other.settle(NONE);
  // Nothing is left to wait for.
  await expect(one.admit(owner, say(1), allOf(say(1)))).rejects.toMatchObject({ status: 403 });
});

import { Quotas, sizeOf } from './quotas';

const NONE = { messages: 0, bytes: 0, memories: 0 };
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

const say = (count: number) => sizeOf(Array.from({ length: count }, () => ({ content: 'äb' })));

it('without a quota nothing is counted', async () => {
  const { one, counts } = quotas({}, {});
  expect(one.set).toBe(false);
  await one.admit(owner, say(1_000));
  expect(counts()).toBe(0);
});

it.each([
  ['QUOTA_USER_MESSAGES', { messages: 3 }, {}],
  ['QUOTA_USER_BYTES', { bytes: 9 }, {}],
  ['QUOTA_NAMESPACE_MESSAGES', {}, { messages: 3 }],
  ['QUOTA_NAMESPACE_BYTES', { bytes: 100 }, { bytes: 9 }],
])('%s lets in what fits, and says its name to the rest', async (name, user, namespace) => {
  const { one, counts } = quotas(user, namespace);
  await one.admit(owner, say(2));
  await expect(one.admit(owner, say(2))).rejects.toMatchObject({
    status: 403,
    detail: expect.stringContaining(name),
  });
  // What was refused takes no room.
  await one.admit(owner, say(1));
  expect(counts()).toBeLessThanOrEqual(2);
});

it('memories beyond their quota are refused', async () => {
  const { one } = quotas({ memories: 5 }, {}, { ...NONE, memories: 5 });
  await expect(one.admit(owner, { ...NONE, memories: 1 })).rejects.toMatchObject({ status: 403 });
});

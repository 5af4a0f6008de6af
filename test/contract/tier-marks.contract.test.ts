import { randomUUID } from 'node:crypto';
import { migrate } from '../../src/record/migrate';
import { createPool, transaction } from '../../src/record/pool';
import {
  areTiersPending,
  markTiersPending,
  pendingTierMarks,
  tiersCaughtUp,
} from '../../src/record/tier-marks';

const WAIT_MS = 2_000;

const pool = createPool({
  url: process.env['DATABASE_URL'] ?? 'postgres://postgres@127.0.0.1:5432/memories',
  size: 4,
});
beforeAll(() => migrate(pool));
afterAll(() => pool.end());

describe('that arcs are behind', () => {
  it('is noted by many at once, and what a look cannot have seen stays noted', async () => {
    const owner = { namespace: `test-${randomUUID()}`, userId: 'ada' };
    await markTiersPending(pool, owner);
    let seen: number[] = [];
    await transaction(pool, async (first) => {
      await markTiersPending(first, owner);
      // Would wait for the first one's commit, and fail, if they shared a row.
      await transaction(pool, async (second) => {
        await second.query(`SET LOCAL lock_timeout = ${WAIT_MS}`);
        await markTiersPending(second, owner);
      });
      seen = await pendingTierMarks(pool, owner);
    });
    expect(seen).toHaveLength(2);
    await tiersCaughtUp(pool, owner, seen);
    expect(await areTiersPending(pool, owner)).toBe(true);
    await tiersCaughtUp(pool, owner, await pendingTierMarks(pool, owner));
    expect(await areTiersPending(pool, owner)).toBe(false);
  });
});

import { createHash, randomUUID } from 'node:crypto';
import { MockActivityEnvironment } from '@temporalio/testing';
import type { Pool } from 'pg';
import type { ActivityDependencies } from '../../activities/dependencies';
import { createMaintain } from '../../activities/maintain';
import { UnavailableError } from '../../src/domain/errors';
import { beginErasure, type Owner } from '../../src/record/erasures';
import { ensureConversation } from '../../src/record/conversations';
import { saveMemories } from '../../src/record/memories';
import { migrate } from '../../src/record/migrate';
import { createPool, transaction } from '../../src/record/pool';
import { quietRuntime } from '../workflow/support/workflow-world';
import type { MaintenancePage } from '../../workflows/maintenance.contract';

const A_DAY_SECONDS = 86_400;
quietRuntime();
let pool: Pool;
beforeAll(async () => {
  pool = createPool({ url: process.env['DATABASE_URL']!, size: 5 });
  await migrate(pool);
});
afterAll(() => pool.end());

/** Gives a user memories that say the same. */
async function withDuplicates(owner: Owner): Promise<Owner> {
  await ensureConversation(pool, { ...owner, conversationId: 'c' });
  const now = new Date();
  const memories = [1, 2].map(() => ({
    ...owner,
    id: randomUUID(),
    conversationId: 'c',
    tier: 'fact' as const,
    layer: 'semantic' as const,
    type: 'explicit' as const,
    content: 'The ferry to the island leaves at noon on Sundays.',
    firstSeq: null,
    lastSeq: null,
    sourceMessageIds: [],
    importance: 0.5,
    personaTags: [],
    emotionalSignature: null,
    metadata: {},
    createdAt: now,
    storedAt: now,
    expiresAt: null,
  }));
  await transaction(pool, (client) => saveMemories(client, owner, memories));
  return owner;
}

/** The record, where something happens just after the memories to compare were read. */
function poolWhere(afterReading: () => Promise<unknown>): Pool {
  return new Proxy(pool, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      if (name !== 'query') return value.bind(target) as unknown;
      return async (statement: { name?: string }) => {
        const result: unknown = await (pool.query as (query: unknown) => Promise<unknown>).call(
          pool,
          statement,
        );
        if (statement.name === 'compaction-candidates') await afterReading();
        return result;
      };
    },
  });
}

const away = (): Promise<never> => Promise.reject(new UnavailableError('weaviate', 'it is away'));
const index = { upsert: away, createTenant: away, remove: away };

function compact(namespace: string, on: Pool): Promise<MaintenancePage> {
  const maintain = createMaintain({ pool: on, index, embedder: null } as unknown as ActivityDependencies);
  const input = { job: 'compact' as const, dryRun: false, namespace, userId: null, from: null };
  return new MockActivityEnvironment().run(maintain, input);
}

it('leaves a user who is erased while their memories are compared, and goes on with the next', async () => {
  const namespace = `test-${randomUUID()}`;
  const place = (userId: string): string => createHash('md5').update(`${namespace}\n${userId}`).digest('hex');
  const inOrder = ['ada', 'bob'].sort((a, b) => (place(a) < place(b) ? -1 : 1));
  const [erased, next] = await Promise.all(inOrder.map((userId) => withDuplicates({ namespace, userId })));
  const during = poolWhere(() => beginErasure(pool, erased!, A_DAY_SECONDS));
  expect(await compact(namespace, during)).toEqual({
    counts: { examined: 4, merged: 2, created: 1 },
    next: null,
  });
  const { rows } = await pool.query(
    `SELECT user_id, count(*)::int AS merged FROM memories
      WHERE namespace = $1 AND superseded_by IS NOT NULL GROUP BY user_id`,
    [namespace],
  );
  expect(rows).toEqual([{ user_id: next!.userId, merged: 2 }]);
});

it('fails on whatever else happens, so that it is tried again', async () => {
  const { namespace } = await withDuplicates({ namespace: `test-${randomUUID()}`, userId: 'ada' });
  const broken = poolWhere(() => Promise.reject(new Error('the connection broke')));
  await expect(compact(namespace, broken)).rejects.toThrow('the connection broke');
});

import type { Pool } from 'pg';
import { createPool } from '../../src/record/pool';
import { apiClient, type ApiClient } from '../support/api-client';
import { createOwnRecord, type OwnRecord } from '../support/own-record';
import { poll } from '../support/poll';
import { startStack, type Stack } from '../support/stack';

const WITHIN_MS = 40_000;
const A_MONTH_MS = 30 * 86_400_000;

/** A record of its own: these schedules keep everybody's memories. */
let record: OwnRecord;
let stack: Stack;
let api: ApiClient;
let pool: Pool;
beforeAll(async () => {
  record = await createOwnRecord();
  stack = await startStack({
    env: {
      DATABASE_URL: record.url,
      EMBEDDER: 'none',
      STORE_WAIT_MS: '20000',
      EPISODE_PAUSE_MS: '1000',
      EXPIRE_INTERVAL_MS: '2000',
      COMPACT_INTERVAL_MS: '2000',
      PROMOTE_INTERVAL_MS: '2000',
    },
  });
  api = apiClient(stack.url);
  pool = createPool({ url: record.url, size: 2, onError: () => undefined });
}, 120_000);
afterAll(async () => {
  await stack?.stop();
  await pool?.end();
  await record?.drop();
}, 60_000);

const prints = (job: string) =>
  poll(`${job} prints its counts`, WITHIN_MS, async () =>
    stack.worker.output().includes(`maintenance: ${job}`),
  );

it('expire, compact and promote run by themselves, and print what they did', async () => {
  const { body: ends } = await api.post('/v1/memories/direct', {
    user_id: 'ada',
    content: 'The door code is kingfisher.',
    ttl_seconds: 1,
  });
  const said = (content: string, agoMs: number) =>
    api.post('/v1/store', {
      user_id: 'ada',
      history: [{ role: 'user', content, timestamp: new Date(Date.now() - agoMs).toISOString() }],
    });
  await said('I drink green tea every morning.', 2 * A_MONTH_MS);
  await said('Every morning I drink green tea', A_MONTH_MS + 60_000);
  await said('I planted an oak behind the house.', A_MONTH_MS);

  await poll('what has expired is gone for good', WITHIN_MS, async () => {
    const { rows } = await pool.query('SELECT 1 FROM memories WHERE id = $1', [ends.id]);
    return rows.length === 0;
  });
  await prints('expire');
  const results = await poll(
    'what says the same is merged, and what is old is promoted',
    WITHIN_MS,
    async () => {
      const { body } = await api.get('/v1/retrieve?user_id=ada&sort=oldest');
      const oak = body.results.find((one: { content: string }) => one.content.includes('oak'));
      return body.pagination.total === 2 && oak?.layer === 'long-term' && body.results;
    },
  );
  expect(results[0].metadata.merged_from).toHaveLength(2);
  await prints('compact');
  await prints('promote');
}, 120_000);

import { createPool } from '../../src/record/pool';
import { apiClient, expectPath, type ApiClient } from '../support/api-client';
import { census } from '../support/invariants';
import { poll } from '../support/poll';
import { startStack, type Stack } from '../support/stack';

let stack: Stack;
let api: ApiClient;
const pool = createPool({
  url: process.env['DATABASE_URL'] ?? 'postgres://postgres@127.0.0.1:5432/memories',
  size: 2,
});
beforeAll(async () => {
  stack = await startStack({ env: { STORE_WAIT_MS: '20000' } });
  api = apiClient(stack.url);
}, 120_000);
afterAll(async () => {
  await stack?.stop();
  await pool.end();
}, 60_000);

const run = async (job: string, userId: string, dryRun = false) => {
  const answer = await api.post('/v1/maintenance', { job, user_id: userId, dry_run: dryRun });
  expect(answer).toMatchObject({
    status: 200,
    body: { job, dry_run: dryRun, status: 'completed', workflow_id: expect.stringContaining(job) },
  });
  return answer.body.counts as Record<string, number>;
};
const say = async (userId: string, conversationId: string, content: string, timestamp: string) =>
  (
    await api.post('/v1/store', {
      user_id: userId,
      conversation_id: conversationId,
      history: [{ role: 'user', content, timestamp, message_id: `m-${timestamp}` }],
    })
  ).body.ids[0] as string;
const list = async (userId: string, query = '') =>
  (await api.get(`/v1/retrieve?user_id=${userId}&limit=100${query}`)).body;

describe('compact', () => {
  it('merges what says the same; a dry run counts, and a second run finds nothing', async () => {
    const user = 'olga';
    const first = await say(user, 'a', 'I drink green tea every morning.', '2026-01-02T08:00:00Z');
    const second = await say(user, 'a', 'Every morning I drink green tea', '2026-01-05T08:00:00Z');
    const third = await say(user, 'b', 'i drink green tea every morning', '2026-01-09T08:00:00Z');
    const other = await say(user, 'b', 'I do not drink green tea at night.', '2026-01-09T09:00:00Z');

    expect(await run('compact', user, true)).toEqual({ examined: 4, merged: 3, created: 1 });
    expect((await list(user)).pagination.total).toBe(4);
    expect(await run('compact', user)).toEqual({ examined: 4, merged: 3, created: 1 });
    const { results, pagination } = await list(user);
    expect(pagination.total).toBe(2);
    const merged = results.find((one: { id: string }) => one.id !== other);
    expect(merged).toMatchObject({
      source_message_ids: ['2026-01-02T08:00:00Z', '2026-01-05T08:00:00Z', '2026-01-09T08:00:00Z'].map(
        (time) => `m-${time}`,
      ),
      created_at: '2026-01-02T08:00:00.000Z',
      metadata: {
        conversation_ids: ['a', 'b'],
        dates: ['2026-01-02T08:00:00.000Z', '2026-01-05T08:00:00.000Z', '2026-01-09T08:00:00.000Z'],
      },
    });
    expect(new Set(merged.metadata.merged_from)).toEqual(new Set([first, second, third]));
    const found = await list(user, `&query=${encodeURIComponent('What do I drink in the morning?')}`);
    expect(found.results[0].id).toBe(merged.id);
    expect(found.results[0].relevance).toBeGreaterThan(0.55);
    for (const id of [first, second, third])
      expect((await api.get(`/v1/memories/${id}?user_id=${user}`)).status).toBe(404);
    expect(await census(pool, stack.namespace)).toMatchObject({
      outsideOneBatch: 0,
      batchesWithoutMemory: 0,
      rawMemories: 4,
    });
    expect(await run('compact', user)).toEqual({ examined: 2, merged: 0, created: 0 });

    // Said again, it joins the merged one; deleted, nothing of it comes back.
    const fourth = await say(user, 'c', 'I drink green tea every morning!', '2026-02-01T08:00:00Z');
    expect(await run('compact', user)).toEqual({ examined: 3, merged: 2, created: 1 });
    const again = (await list(user)).results.find((one: { id: string }) => one.id !== other);
    expect(again.source_message_ids).toHaveLength(4);
    expect(again.id).not.toBe(fourth);
    await api.send('DELETE', `/v1/memories/${again.id}?user_id=${user}`);
    expect((await list(user)).results.map((one: { id: string }) => one.id)).toEqual([other]);
  });
});

describe('expire', () => {
  it('removes what is past its time, and the texts of what was deleted, for good', async () => {
    const user = 'pia';
    const deleted = await say(user, 'a', 'My old code was swordfish.', '2026-01-02T08:00:00Z');
    await api.send('DELETE', `/v1/memories/${deleted}?user_id=${user}`);
    const { body: stays } = await api.post('/v1/memories/direct', { user_id: user, content: 'Stays.' });
    const { body: ends } = await api.post('/v1/memories/direct', {
      user_id: user,
      content: 'The new code is kingfisher.',
      ttl_seconds: 1,
    });
    await poll(
      'it has expired',
      10_000,
      async () => (await api.get(`/v1/memories/${ends.id}?user_id=${user}`)).status === 404,
    );
    expect(await run('expire', user, true)).toEqual({ expired: 1, purged: 1 });
    expect(await run('expire', user)).toEqual({ expired: 1, purged: 1 });
    const left = await pool.query('SELECT id, content FROM memories WHERE namespace = $1 AND user_id = $2', [
      stack.namespace,
      user,
    ]);
    expect(new Map(left.rows.map((row) => [row.id, row.content]))).toEqual(
      new Map([
        [deleted, ''],
        [stays.id, 'Stays.'],
      ]),
    );
    const vectors = await pool.query(
      `SELECT (SELECT count(*) FROM memory_vectors WHERE namespace = $1 AND user_id = $2 AND memory_id = $3)
            + (SELECT count(*) FROM turn_vectors WHERE namespace = $1 AND user_id = $2) AS count`,
      [stack.namespace, user, ends.id],
    );
    expect(vectors.rows).toEqual([{ count: 0 }]);
    expect(await run('expire', user)).toEqual({ expired: 0, purged: 0 });
  });

  it('goes on for the others while somebody is being erased', async () => {
    for (const user of ['ruth', 'sven']) {
      const { body } = await api.post('/v1/memories/direct', { user_id: user, content: 'Goes away.' });
      await api.send('DELETE', `/v1/memories/${body.id}?user_id=${user}`);
    }
    // Its rows are still there: no workflow takes them yet.
    await pool.query(`SELECT begin_erasure($1, 'ruth', interval '1 hour')`, [stack.namespace]);
    expect((await api.post('/v1/maintenance', { job: 'expire' })).status).toBe(200);
    const left = await pool.query(
      `SELECT user_id, content FROM memories WHERE namespace = $1 AND user_id IN ('ruth', 'sven')`,
      [stack.namespace],
    );
    expect(left.rows).toEqual([{ user_id: 'ruth', content: 'Goes away.' }]);
  });
});

describe('promote', () => {
  it('makes long-term what is a week old and in an episode that has ended', async () => {
    const user = 'quin';
    const day = (days: number, minutes = 0): string =>
      new Date(Date.now() - days * 86_400_000 + minutes * 60_000).toISOString();
    const old = await say(user, 'a', 'I planted an oak.', day(30));
    const open = await say(user, 'b', 'I planted a birch.', day(30));
    const young = await say(user, 'c', 'I planted a willow.', day(2));
    // Whatever ended them: what is asked here is what promote makes of it.
    await pool.query(
      `UPDATE episodes SET ended_by = CASE conversation_id WHEN 'b' THEN NULL ELSE 'pause' END, ends_at = NULL
        WHERE namespace = $1 AND user_id = $2`,
      [stack.namespace, user],
    );
    expect(await run('promote', user, true)).toEqual({ promoted: 1 });
    expect(await run('promote', user)).toEqual({ promoted: 1 });
    expect(await run('promote', user)).toEqual({ promoted: 0 });
    const { results } = await list(user);
    const layers = results.map((one: { id: string; layer: string }) => [one.id, one.layer]);
    expect(new Map(layers)).toEqual(
      new Map([
        [old, 'long-term'],
        [open, 'short-term'],
        [young, 'short-term'],
      ]),
    );
  });
});

it('refuses what it does not know, naming it', async () => {
  expectPath(await api.post('/v1/maintenance', { job: 'defrag' }), 'job');
  expectPath(await api.post('/v1/maintenance', { job: 'expire', userid: 'x' }), 'userid');
});

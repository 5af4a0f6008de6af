import { randomUUID } from 'node:crypto';
import { tenantName } from '../../src/domain/ids';
import { collectionName } from '../../src/index/weaviate-collection';
import { createWeaviateIndex } from '../../src/index/weaviate-index';
import { createTemporalClient } from '../../src/temporal/connection';
import type { ReindexCounts } from '../../workflows/reindex.contract';
import { apiClient, expectPath, expectProblem, type ApiClient } from '../support/api-client';
import { poll } from '../support/poll';
import { startStack, type Stack } from '../support/stack';

const prefix = `R${randomUUID().replace(/-/g, '').slice(0, 12)}`;
const weaviateUrl = process.env['WEAVIATE_URL']!;
const QUESTIONS = ['where do I keep the violin', 'harbour', 'what does Ann grow', 'glacier trip'];
let stack: Stack;
let api: ApiClient;
let embedderName: string | null;
const temporal = createTemporalClient({ address: process.env['TEMPORAL_ADDRESS']!, namespace: 'default' });

beforeAll(async () => {
  stack = await startStack({ env: { STORE_WAIT_MS: '20000', WEAVIATE_COLLECTION: prefix } });
  api = apiClient(stack.url);
  const { checks } = (await api.get('/health/full')).body;
  embedderName = checks.embedder.status === 'ok' ? (checks.embedder.detail as string) : null;
}, 120_000);
afterAll(async () => {
  await stack?.stop();
  await dropIndex();
  await temporal.close();
}, 60_000);

const dropIndex = async (): Promise<void> => {
  await fetch(`${weaviateUrl}/v1/schema/${collectionName(prefix, embedderName)}`, { method: 'DELETE' });
};

/** What is found, and how relevant; scores move with the clock. */
async function answers(userId: string): Promise<unknown[]> {
  const found = [];
  for (const query of QUESTIONS) {
    const { body } = await api.get(`/v1/retrieve?user_id=${userId}&query=${encodeURIComponent(query)}`);
    found.push(
      (body.results as { id: string; relevance: number }[]).map(({ id, relevance }) => [id, relevance]),
    );
  }
  return found;
}

async function fill(userId: string): Promise<void> {
  const topics = [
    'violin case',
    'harbour lights',
    'garden of Ann with tomatoes',
    'glacier trip',
    'tea',
    'a bicycle',
  ];
  const messages = Array.from({ length: 30 }, (_, i) => ({
    role: i % 2 ? 'assistant' : 'user',
    content: `Number ${i}: about the ${topics[i % topics.length]}, kept under the stairs.`,
    ...(i % 4 ? {} : { name: 'Ann' }),
  }));
  await api.post('/v1/conversations/c/messages', { user_id: userId, messages });
  await api.post(`/v1/conversations/c/flush?user_id=${userId}`);
  await api.post('/v1/memories/direct', { user_id: userId, content: 'Plays the violin on Sundays.' });
  const { body } = await api.get(`/v1/retrieve?user_id=${userId}&limit=3&query=bicycle`);
  await api.send('DELETE', `/v1/memories/${body.results[0].id}?user_id=${userId}`);
}

async function reindexed(scope: object, query: string): Promise<ReindexCounts> {
  const answer = await api.post('/v1/reindex', scope);
  expect(answer).toMatchObject({ status: 202, body: { workflow_id: expect.stringMatching(/^reindex:/) } });
  return poll('it is reindexed', 60_000, async () => {
    const { status, body } = await api.get(`/v1/reindex${query}`);
    expect(status).toBe(200);
    return body.status === 'completed' && (body.counts as ReindexCounts);
  });
}

it('gives the same answers from nothing but the record', async () => {
  await fill('ada');
  await fill('ben');
  const before = [await answers('ada'), await answers('ben')];
  expect(before.flat(3).length).toBeGreaterThan(20);
  await dropIndex();
  expect(await answers('ada')).not.toEqual(before[0]);
  const counts = await reindexed({}, '');
  expect(counts).toMatchObject({ users: 2, removed: 0, written: counts.memories });
  expect([await answers('ada'), await answers('ben')]).toEqual(before);
  expect(await reindexed({ user_id: 'ada' }, '?user_id=ada')).toMatchObject({ users: 1 });
  expect(await answers('ada')).toEqual(before[0]);
}, 120_000);

it('repairs what differs, and nothing else', async () => {
  const index = createWeaviateIndex({
    url: weaviateUrl,
    grpc: process.env['WEAVIATE_GRPC']!,
    apiKey: process.env['WEAVIATE_API_KEY'] ?? '',
    collectionPrefix: prefix,
    embedderName,
    timeoutMs: 10_000,
  });
  const tenant = tenantName(stack.namespace, 'ada');
  const { body } = await api.get('/v1/retrieve?user_id=ada&limit=2');
  await index.remove(
    tenant,
    body.results.map((one: { id: string }) => one.id),
  );
  const stray = randomUUID();
  await index.upsert(tenant, [{ id: stray, terms: 'stray', vector: null }]);
  const counts = await temporal.client.workflow.execute('reindex', {
    workflowId: `drift:test-${randomUUID()}`,
    taskQueue: stack.env['TEMPORAL_TASK_QUEUE']!,
    args: [{ namespace: stack.namespace, userId: null, rewrite: false, objectsPerSecond: null }],
  });
  expect(counts).toMatchObject({ users: 2, written: 2, removed: 1 });
  expect(await index.search(tenant, { terms: 'stray', vector: null, limit: 1 })).toEqual([]);
  await index.close();
}, 60_000);

it('without a body is asked for the namespace, as the document says', async () => {
  expect(await api.post('/v1/reindex')).toMatchObject({ status: 202, body: { scope: 'namespace' } });
  const { body } = await api.get('/openapi.json');
  expect(body.paths['/v1/reindex'].post.requestBody).toMatchObject({ required: false });
  expect(body.paths['/v1/maintenance'].post.requestBody).toMatchObject({ required: true });
  expectProblem(await api.post('/v1/maintenance'), 400);
});

it('of an erased user there was none to read, and none is begun', async () => {
  await api.post('/v1/memories/direct', { user_id: 'cleo', content: 'Plays the lute.' });
  await reindexed({ user_id: 'cleo' }, '?user_id=cleo');
  expect(await api.send('DELETE', '/v1/users/cleo')).toMatchObject({ status: 202 });
  expectProblem(await api.get('/v1/reindex?user_id=cleo'), 404);
  expectProblem(await api.post('/v1/reindex', { user_id: 'cleo' }), 410);
  const { body } = await api.get('/openapi.json');
  expect(body.paths['/v1/reindex'].get.responses).not.toHaveProperty('410');
}, 60_000);

it('says what does not go together, and what never was', async () => {
  expectPath(await api.post('/v1/reindex', { scope: 'user' }), 'user_id');
  expectPath(await api.post('/v1/reindex', { scope: 'all', user_id: 'ada' }), 'user_id');
  expectPath(await api.post('/v1/reindex', { users: ['ada'] }), 'users');
  expectProblem(await api.get('/v1/reindex?user_id=nobody'), 404);
});

import { execFile } from 'node:child_process';
import path from 'node:path';
import { apiClient, expectProblem } from '../support/api-client';
import { freePort } from '../support/free-port';
import { poll } from '../support/poll';
import { ownEnvironment, startApi, startReadyApi, type ApiProcess } from '../support/stack';

let running: ApiProcess | undefined;
afterEach(async () => {
  await running?.stop();
  running = undefined;
}, 30_000);

const nowhere = async (): Promise<string> => `127.0.0.1:${await freePort()}`;
const message = {
  conversation_id: 'c',
  role: 'user',
  content: 'Do you remember my dog?',
  metadata: { user_id: 'u' },
};

it('boots and answers /health with everything else down, and 503 where the record is needed', async () => {
  const dead = await nowhere();
  running = await startApi({
    env: ownEnvironment({
      EMBEDDER: 'none',
      DATABASE_URL: `postgres://postgres@${dead}/none`,
      TEMPORAL_ADDRESS: dead,
      WEAVIATE_URL: `http://${dead}`,
      WEAVIATE_GRPC: dead,
    }),
  });
  const api = apiClient(running.url);
  const alive = await api.get('/health');
  expect(alive).toMatchObject({
    status: 200,
    body: { status: 'ok', time: expect.stringMatching(/^\d{4}-.*Z$/) },
  });
  expectProblem(
    await api.post('/v1/store', { user_id: 'u', history: [{ role: 'user', content: 'x' }] }),
    503,
  );
  expectProblem(await api.get('/v1/retrieve?user_id=u'), 503);
  expectProblem(await api.post('/v1/store', { user_id: 'u' }), 422);
  const started = Date.now();
  const full = await api.get('/health/full');
  expect(Date.now() - started).toBeLessThan(5_000);
  expect(full.status).toBe(503);
  expect(full.body).toMatchObject({
    status: 'unhealthy',
    time: expect.any(String),
    checks: {
      postgres: { status: 'failing', detail: expect.any(String) },
      temporal: { status: 'failing' },
      weaviate: { status: 'failing' },
      worker: { status: 'failing' },
      embedder: { status: 'off' },
      llm: { status: 'off' },
    },
  });
  expect((await api.get('/docs')).status).toBe(200);
  expect((await api.get('/openapi.json')).status).toBe(200);
}, 60_000);

it('accepts with Temporal and search down, says what is degraded, and refuses only what needs search', async () => {
  const dead = await nowhere();
  running = await startReadyApi({
    env: ownEnvironment({
      EMBEDDER: 'none',
      STORE_WAIT_MS: '50',
      TEMPORAL_ADDRESS: dead,
      WEAVIATE_URL: `http://${dead}`,
      WEAVIATE_GRPC: dead,
    }),
  });
  const api = apiClient(running.url);

  const stored = await api.post('/v1/store', {
    user_id: 'u',
    conversation_id: 's',
    history: [{ role: 'user', content: 'x', message_id: 'm' }],
  });
  expect(stored.status).toBe(202);
  expect(stored.body).toMatchObject({
    status: 'pending',
    memories_created: 0,
    ids: [],
    memories: [],
    duplicates_avoided: 0,
    updates_made: 0,
    existing_memories_checked: 0,
    summary: expect.any(String),
    conversation_id: 's',
    workflow_id: expect.any(String),
    status_url: '/v1/conversations/s?user_id=u',
  });
  expect((await api.get(stored.body.status_url)).body).toMatchObject({ appended_through: 1, pending: 1 });

  const streamed = await api.post('/v1/orchestrator/message', { ...message, flush: true });
  expect(streamed).toMatchObject({
    status: 200,
    body: { injections: [], degraded: ['retrieval'], seq: 1, flushed: false },
  });
  const flushed = await api.post('/v1/conversations/s/flush?user_id=u');
  expect(flushed).toMatchObject({
    status: 202,
    body: { status: 'pending', flushed: false, status_url: expect.any(String) },
  });

  expectProblem(await api.get('/v1/retrieve?user_id=u&query=dog'), 503);
  expectProblem(await api.post('/v1/retrieve', { user_id: 'u', query: 'dog' }), 503);
  expectProblem(
    await api.post('/v1/orchestrator/retrieve', {
      conversation_id: 'c',
      query: 'dog',
      metadata: { user_id: 'u' },
    }),
    503,
  );

  const health = await api.get('/health/full');
  expect(health).toMatchObject({
    status: 200,
    body: {
      status: 'degraded',
      checks: {
        postgres: { status: 'ok' },
        temporal: { status: 'failing' },
        weaviate: { status: 'failing' },
        worker: { status: 'failing' },
      },
    },
  });
}, 60_000);

it('on SIGTERM finishes what it is answering, then ends', async () => {
  running = await startReadyApi({
    env: ownEnvironment({ EMBEDDER: 'none', STORE_WAIT_MS: '1500', TEMPORAL_ADDRESS: await nowhere() }),
  });
  const api = apiClient(running.url);
  const answering = api.post('/v1/store', {
    user_id: 'u',
    history: [{ role: 'user', content: 'last words' }],
  });
  await poll(
    'it is stored',
    5_000,
    async () => (await api.get('/v1/conversations/u?user_id=u')).body.appended_through === 1,
  );
  running.kill('SIGTERM');
  expect((await answering).status).toBe(202);
  expect(await running.ended).toBe(0);
}, 60_000);

it('refuses to bind beyond loopback without keys, unless told in so many words', async () => {
  const script = path.resolve(__dirname, '../../dist/src/server.js');
  const refused = await new Promise<{ code: unknown; stderr: string }>((resolve) => {
    execFile(
      process.execPath,
      [script],
      { env: { ...process.env, HOST: '0.0.0.0', PORT: '0' }, timeout: 20_000 },
      (error, _, stderr) => resolve({ code: error?.code, stderr }),
    );
  });
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('AUTH=off') });
  running = await startApi({ env: ownEnvironment({ EMBEDDER: 'none', HOST: '0.0.0.0', AUTH: 'off' }) });
  expect((await apiClient(running.url.replace('0.0.0.0', '127.0.0.1')).get('/health')).status).toBe(200);
}, 60_000);

it('writes no message and no id of a person into its log', async () => {
  running = await startReadyApi({
    env: ownEnvironment({
      EMBEDDER: 'none',
      STORE_WAIT_MS: '1',
      LOG_LEVEL: 'trace',
      WEAVIATE_URL: `http://${await nowhere()}`,
    }),
  });
  const api = apiClient(running.url);
  await api.post(
    '/v1/store',
    { user_id: 'marlene', history: [{ role: 'user', content: 'my secret is xylophone' }] },
    { Authorization: 'Bearer sk-hush' },
  );
  await api.get('/v1/retrieve?user_id=marlene&query=xylophone');
  await api.post('/v1/store', '{"user_id":"marlene","history":[{"role":"user","content":"xylophone');
  await running.stop();
  expect(running.output()).toContain('"status":202');
  expect(running.output()).not.toMatch(/xylophone|marlene|sk-hush/);
}, 60_000);

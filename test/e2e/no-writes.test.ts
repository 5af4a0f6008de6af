import { Client } from 'pg';
import { apiClient, expectProblem, type ApiAnswer, type ApiClient } from '../support/api-client';
import { nameOwnIndex } from '../support/own-index';
import { createOwnRecord, type OwnRecord } from '../support/own-record';
import { poll } from '../support/poll';
import { startStack, type Stack } from '../support/stack';
import { setShards } from '../support/weaviate-shards';

const SEEN_DEADLINE_MS = 20_000;
const WORKED_DEADLINE_MS = 60_000;
const weaviate = nameOwnIndex();

let record: OwnRecord;
let stack: Stack;
let api: ApiClient;
beforeAll(async () => {
  record = await createOwnRecord();
  stack = await startStack({
    env: {
      EMBEDDER: 'none',
      DATABASE_URL: record.url,
      WEAVIATE_COLLECTION: weaviate.prefix,
      STORE_WAIT_MS: '3000',
    },
  });
  api = apiClient(stack.url);
}, 120_000);
afterAll(async () => {
  await stack?.stop();
  await weaviate.drop();
  await record?.drop();
}, 60_000);

const store = (content: string): Promise<ApiAnswer> =>
  api.post('/v1/store', { user_id: 'ann', conversation_id: 'c', history: [{ role: 'user', content }] });
/** What answers a question best. */
const best = async (query: string): Promise<string | undefined> =>
  (await api.get(`/v1/retrieve?user_id=ann&query=${query}`)).body.results[0]?.content;
const pending = async (): Promise<number> => (await api.get('/v1/conversations/c?user_id=ann')).body.pending;
const healthIs = (status: string): Promise<ApiAnswer> =>
  poll(`the health is ${status}`, SEEN_DEADLINE_MS, async () => {
    const health = await api.get('/health/full');
    return health.body.status === status && health;
  });

/** Makes Postgres take no writes in this record from now on, or take them again. */
async function setReadOnly(readOnly: boolean): Promise<void> {
  const name = new URL(record.url).pathname.slice(1);
  const client = new Client({ connectionString: process.env['DATABASE_URL'] });
  await client.connect();
  try {
    await client.query(
      `ALTER DATABASE ${name} SET default_transaction_read_only = ${readOnly ? 'on' : 'off'}`,
    );
    await client.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [name]);
  } finally {
    await client.end();
  }
}

it('an index that takes no writes is degraded; messages are accepted, found once it takes them again', async () => {
  expect((await store('My cello lesson is on Tuesday.')).status).toBe(200);
  await healthIs('ok');
  expect(await setShards(weaviate, 'READONLY')).toBe(true);
  const health = await healthIs('degraded');
  expect(health.status).toBe(200);
  expect(health.body.checks.weaviate).toEqual({
    status: 'failing',
    detail: expect.stringMatching(/takes no writes.*docs\/runbook\.md.*read-only/),
  });
  expect((await store('The ferry leaves at noon.')).status).toBe(202);
  expect(await best('cello')).toContain('cello');
  expect(await pending()).toBe(1);
  expect(await setShards(weaviate, 'READY')).toBe(true);
  await healthIs('ok');
  await poll('what waited is indexed', WORKED_DEADLINE_MS, async () => (await pending()) === 0);
  expect(await best('ferry')).toContain('ferry');
}, 120_000);

it('a record that takes no writes is unhealthy: messages are refused, and accepted once it takes them again', async () => {
  await setReadOnly(true);
  try {
    await poll('the health says so', SEEN_DEADLINE_MS, async () => {
      const { status, body } = await api.get('/health/full');
      const { detail = '' } = body.checks.postgres as { detail?: string };
      return status === 503 && /is read-only.*docs\/runbook\.md/.test(detail);
    });
    expectProblem(await store('I am told to wait.'), 503);
    expect(await best('cello')).toContain('cello');
  } finally {
    await setReadOnly(false);
  }
  await healthIs('ok');
  expect((await store('I am accepted.')).status).toBe(200);
}, 120_000);

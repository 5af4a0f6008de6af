import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection, WorkflowNotFoundError } from '@temporalio/client';
import type { Pool } from 'pg';
import pino from 'pino';
import { loadConfig } from '../../src/config';
import {
  conversationWorkflowId,
  extractionWorkflowId,
  tenantName,
  tiersWorkflowId,
} from '../../src/domain/ids';
import { createWeaviateIndex } from '../../src/index/weaviate-index';
import { createPool } from '../../src/record/pool';
import { signalMessagesStored } from '../../src/temporal/conversation-signals';
import { createExtractionTeller } from '../../src/temporal/extraction-signals';
import { createTiersTeller } from '../../src/temporal/tiers-signals';
import { apiClient, expectProblem, type ApiClient } from '../support/api-client';
import { filesIn, marksIn, marksInSqlite, marksInTables } from '../support/byte-search';
import { importEnded, ndjson, rejectionsOf, sendImport } from '../support/import-client';
import { poll } from '../support/poll';
import { StackProcess } from '../support/stack-process';

/** A stack of its own, since every byte of it is searched: the stores, and what the processes have written down. */
const START_DEADLINE_MS = 120_000;
const ERASED_WITHIN_MS = 90_000;
const WRITERS = 4;
const NAMESPACE = 'default';

/** Odd enough for every quoting on the way. */
const USER = `erika'o"brien\\%_müller-qzuser@example.org`;
const USER_MARK = 'qzuser';
const TEXT_MARK = 'qzlorbax';
const ID_MARKS = ['qzconv', 'qzmsg'];
const BYSTANDER = 'bystander';
/**
 * Temporal cannot take back what its own queues hold of a deleted run: its id, for some minutes once done, and for
 * timers until they are due.
 */
const TEMPORAL_QUEUES = new Set(['timer_tasks', 'transfer_tasks', 'visibility_tasks', 'tasks', 'tasks_v2']);

const dataDir = mkdtempSync(join(tmpdir(), 'agentic-memories-erase-'));
let stack: StackProcess;
let url: string;
let api: ApiClient;
let pool: Pool;
let temporal: Client;
let connection: Connection;

beforeAll(async () => {
  chmodSync(dataDir, 0o755);
  stack = StackProcess.run({
    dataDir,
    env: { EMBEDDER: 'none', SWEEP_INTERVAL_MS: '2000', FLUSH_INTERVAL_MS: '1000', LOG_LEVEL: 'debug' },
  });
  url = await stack.api();
  api = apiClient(url);
  pool = createPool({ url: environment('DATABASE_URL'), size: 4, onError: () => undefined });
  connection = await Connection.connect({ address: environment('TEMPORAL_ADDRESS') });
  temporal = new Client({ connection });
}, START_DEADLINE_MS);

afterAll(async () => {
  if (pool && !pool.ended) await pool.end();
  await connection?.close();
  if (stack && stack.child.exitCode === null) await stack.stop();
  rmSync(dataDir, { recursive: true, force: true });
}, 60_000);

const path = (route: string): string => route.replace('USER', encodeURIComponent(USER));
const said = (i: number): string => `The ${TEXT_MARK}${i} of the harbour is mine, said ${USER_MARK}.`;

it('erases a user among live messages, an import and a killed worker; nothing of them is left anywhere', async () => {
  await fill(BYSTANDER, 'harbour lights');
  await fill(USER, TEXT_MARK);
  expect((await runsOf(USER)).length).toBeGreaterThan(0);
  expect((await marksInTables(pool, [USER_MARK, TEXT_MARK])).length).toBeGreaterThan(2);
  const lines = Array.from({ length: 400 }, (_, i) => ({
    user_id: i % 2 ? BYSTANDER : USER,
    conversation_id: `qzconv-import-${i % 20}`,
    role: 'user',
    content: i % 2 ? `harbour ${i}` : said(i),
  }));
  const imported = await sendImport(url, ndjson(lines));
  const writers = Array.from({ length: WRITERS }, (_, i) => writeUntilRefused(i));

  // What the planner knows of a column are samples of what is in it.
  await pool.query('ANALYZE');
  expect((await sampled(USER_MARK)).length).toBeGreaterThan(0);
  expect((await sampled(TEXT_MARK)).length).toBeGreaterThan(0);
  const answer = await api.send('DELETE', path('/v1/users/USER'));
  expect(answer).toMatchObject({ status: 202, body: { user_id: USER, status: 'erasing' } });
  expect(answer.body.workflow_id).toMatch(/^erase:[0-9a-f]{64}$/);
  const worker = stack.killPart('worker');
  await readsAreEmpty();
  await writesAreRefused();
  const late = await sendImport(url, ndjson([lines[0], lines[1]]));
  expect(late.body).toMatchObject({ lines: 2, duplicates: 1, rejected: 1 });
  expect(await rejectionsOf(url, late.body.import_id)).toEqual([
    { line: 1, reason: expect.stringMatching(/^user_id: was erased/) },
  ]);
  expect(new Set(await Promise.all(writers))).toEqual(new Set([410]));
  await worker;

  await poll('the erasure is finished', ERASED_WITHIN_MS, async () => {
    const { rows } = await pool.query('SELECT 1 FROM erasures WHERE finished_at IS NULL');
    return rows.length === 0;
  });
  expect((await api.send('DELETE', path('/v1/users/USER'))).body).toMatchObject({ status: 'erased' });
  // Half of it was an erased user's: that half ends as failed, unless it was indexed before.
  const ended = await importEnded(url, imported.body.import_id, ERASED_WITHIN_MS);
  expect(ended.totals).toMatchObject({ accepted: 400, pending: 0 });
  await readsAreEmpty();
  await lateWordsEndThemselves();
  await poll('no run names them', ERASED_WITHIN_MS, async () => (await runsOf(USER)).length === 0);
  expect(await marksInTables(pool, [USER_MARK, TEXT_MARK])).toEqual([]);
  expect([...(await sampled(USER_MARK)), ...(await sampled(TEXT_MARK))]).toEqual([]);
  await nothingInTheIndex();
  const others = await api.get(`/v1/retrieve?user_id=${BYSTANDER}&query=harbour+lights`);
  expect(others.body.pagination.total).toBeGreaterThan(100);
  expect(others.body.results[0].relevance).toBeGreaterThan(0);

  // What was deleted stays in freed space until a table is written anew, as the documents say.
  await pool.query('VACUUM FULL');
  await pool.query('CHECKPOINT');
  await pool.end();
  await connection.close();
  await stack.stop();
  const temporalStore = join(dataDir, 'temporal.db');
  // The bystander has conversations and messages of the same ids: only in logs these are looked for.
  const found = [
    ...filesIn(join(dataDir, 'weaviate')).flatMap((file) => marksIn(file, [USER_MARK, TEXT_MARK])),
    ...filesIn(join(dataDir, 'logs')).flatMap((file) => marksIn(file, [USER_MARK, TEXT_MARK, ...ID_MARKS])),
    ...filesIn(join(dataDir, 'postgres'))
      .filter((file) => !file.includes('/pg_wal/'))
      .flatMap((file) => marksIn(file, [USER_MARK, TEXT_MARK])),
    ...[temporalStore, `${temporalStore}-wal`].flatMap(filesIn).flatMap((file) => marksIn(file, [TEXT_MARK])),
  ];
  expect(found).toEqual([]);
  // The search finds what is there.
  const ofOthers = filesIn(join(dataDir, 'postgres')).filter((file) => marksIn(file, [BYSTANDER]).length > 0);
  expect(ofOthers).not.toEqual([]);
  expect(await marksInSqlite(temporalStore, [BYSTANDER])).toHaveProperty('executions_visibility');
  const traces = await marksInSqlite(temporalStore, [USER_MARK, TEXT_MARK]);
  const beyondQueues = Object.entries(traces).filter(([table]) => !TEMPORAL_QUEUES.has(table));
  expect(beyondQueues).toEqual([]);
}, 240_000);

/** The columns of which Postgres's planner knows values with this in them. */
async function sampled(mark: string): Promise<string[]> {
  const { rows } = await pool.query<{ known: string }>(
    `SELECT tablename || '.' || attname AS known FROM pg_stats
      WHERE schemaname = 'public' AND concat(most_common_vals, histogram_bounds, most_common_elems) LIKE $1`,
    [`%${mark}%`],
  );
  return rows.map((row) => row.known);
}

/** Conversations by every way there is, so that every table has something. */
async function fill(userId: string, topic: string): Promise<void> {
  const turns = Array.from({ length: 8 }, (_, i) => ({
    role: 'user',
    content: `${topic}${i} is what I know about the ${topic}.`,
    message_id: `qzmsg-${i}`,
  }));
  const key = { 'Idempotency-Key': `key-${topic}` };
  const stored = await api.post(
    '/v1/store',
    { user_id: userId, conversation_id: 'qzconv-1', history: turns },
    key,
  );
  expect([200, 202]).toContain(stored.status);
  await poll('it is indexed', 30_000, async () => {
    const { body } = await api.get(`/v1/conversations/qzconv-1?user_id=${encodeURIComponent(userId)}`);
    return body.indexed_through === 8;
  });
  const asked = await api.post('/v1/orchestrator/message', {
    conversation_id: 'qzconv-2',
    role: 'user',
    content: `What do I know about ${topic}3?`,
    metadata: { user_id: userId },
    flush: true,
  });
  expect(asked.status).toBe(200);
  const policy = `/v1/conversations/qzconv-3/policy?user_id=${encodeURIComponent(userId)}`;
  expect((await api.send('PUT', policy, { retrieval: { min_similarity: 0.4 } })).status).toBe(200);
}

async function writeUntilRefused(writer: number): Promise<number> {
  for (let i = 0; ; i += 1) {
    const { status } = await api.post('/v1/orchestrator/message', {
      conversation_id: `qzconv-live-${writer}-${i % 3}`,
      message_id: `qzmsg-live-${writer}-${i}`,
      role: i % 2 ? 'assistant' : 'user',
      content: said(i),
      metadata: { user_id: USER },
    });
    if (status !== 200) return status;
  }
}

async function readsAreEmpty(): Promise<void> {
  const list = await api.get(path('/v1/retrieve?user_id=USER'));
  expect(list).toMatchObject({ status: 200, body: { results: [], pagination: { total: 0 } } });
  const reads = await Promise.all([
    api.get(path(`/v1/retrieve?user_id=USER&query=${TEXT_MARK}3`)),
    api.get(path('/v1/users/USER/conversations')),
    api.get(path('/v1/conversations/qzconv-1?user_id=USER')),
    api.post('/v1/retrieve', { user_id: USER, query: TEXT_MARK, include_narrative: true }),
    api.post('/v1/retrieve', { user_id: USER, query: TEXT_MARK }, { 'Idempotency-Key': 'read' }),
    api.post('/v1/orchestrator/retrieve', {
      conversation_id: 'qzconv-2',
      query: TEXT_MARK,
      metadata: { user_id: USER },
    }),
  ]);
  for (const read of reads) {
    expect(read.status).toBe(200);
    expect(JSON.stringify(read.body)).not.toContain(TEXT_MARK);
  }
  expect(reads[2].body).toMatchObject({ appended_through: 0, pending: 0, phase: 'idle' });
}

async function writesAreRefused(): Promise<void> {
  const history = [{ role: 'user', content: said(0) }];
  const query = path('?user_id=USER');
  const writes = await Promise.all([
    api.post('/v1/store', { user_id: USER, history }),
    api.post('/v1/store', { user_id: USER, history }, { 'Idempotency-Key': `key-${TEXT_MARK}` }),
    api.post('/v1/orchestrator/message', {
      conversation_id: 'qzconv-9',
      role: 'user',
      content: said(1),
      metadata: { user_id: USER },
    }),
    api.post('/v1/orchestrator/transcript', { user_id: USER, history }),
    api.post('/v1/conversations/qzconv-1/messages', { user_id: USER, messages: history }),
    api.post(`/v1/conversations/qzconv-1/flush${query}`),
    api.post(`/v1/conversations/qzconv-1/retry${query}`),
    api.send('PUT', `/v1/conversations/qzconv-1/policy${query}`, {}),
    api.send('DELETE', `/v1/memories/00000000-0000-4000-8000-000000000000${query}`),
  ]);
  for (const write of writes) expectProblem(write, 410);
}

async function runsOf(userId: string): Promise<string[]> {
  const ids: string[] = [];
  for await (const run of temporal.workflow.list()) {
    const named = `${run.workflowId} ${JSON.stringify(run.searchAttributes)}`;
    if (named.includes(userId === USER ? USER_MARK : userId)) ids.push(run.workflowId);
  }
  return ids;
}

/** What waited for Temporal in a process while the user was erased starts a run of every kind. */
async function lateWordsEndThemselves(): Promise<void> {
  const ref = { namespace: NAMESPACE, userId: USER, conversationId: 'qzconv-late' };
  const options = {
    client: temporal,
    taskQueue: loadConfig(stack.environmentOfApi()).TEMPORAL_TASK_QUEUE,
    deadlineMs: 10_000,
    logger: pino({ level: 'silent' }),
  };
  await signalMessagesStored(temporal, { ...options, idleCloseMs: 600_000, maxEvents: 1_000 }, ref, {
    throughSeq: 3,
  });
  await createExtractionTeller(options).tell(ref);
  const tiersTeller = createTiersTeller(options);
  tiersTeller.tell(ref, 0);
  await tiersTeller.close();
  for (const id of [conversationWorkflowId(ref), extractionWorkflowId(ref), tiersWorkflowId(NAMESPACE, USER)])
    await poll(`${id} has deleted itself`, ERASED_WITHIN_MS, async () => {
      try {
        await temporal.workflow.getHandle(id).describe();
        return false;
      } catch (thrown) {
        if (thrown instanceof WorkflowNotFoundError) return true;
        throw thrown;
      }
    });
}

async function nothingInTheIndex(): Promise<void> {
  const index = createWeaviateIndex({
    url: environment('WEAVIATE_URL'),
    grpc: environment('WEAVIATE_GRPC'),
    apiKey: environment('WEAVIATE_API_KEY'),
    collectionPrefix: 'Memory',
    embedderName: null,
    timeoutMs: 5_000,
  });
  expect(await index.count(tenantName(NAMESPACE, USER))).toBe(0);
  expect(await index.count(tenantName(NAMESPACE, BYSTANDER))).toBeGreaterThan(0);
  await index.close();
}

function environment(name: string): string {
  return stack.environmentOfApi()[name]!;
}
